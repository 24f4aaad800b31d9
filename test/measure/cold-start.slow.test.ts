import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, "../..");

test("a model that does not open ends with 1 and the function's own words", async () => {
  const args = ["src/measure/cold-start.ts", "--rounds", "1", "--traced", "0", "--model", "/nowhere"];
  await assert.rejects(
    run(process.execPath, args, { cwd: ROOT }),
    (error: { code: number; stderr: string }) =>
      error.code === 1 && /MODEL_INVALID|\/nowhere/.test(error.stderr),
  );
});
