import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import type { ColdStartReport } from "../../src/measure/cold-start/measure.ts";
import { coldStartText } from "../../src/measure/cold-start/print.ts";

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, "../..");

test("one round starts the built function and its floor, and names every step", async () => {
  const args = ["src/measure/cold-start.ts", "--rounds", "1", "--traced", "1", "--json"];
  const { stdout } = await run(process.execPath, args, { cwd: ROOT });
  const report = JSON.parse(stdout) as ColdStartReport;
  for (const [side, decoder] of [
    [report.ours, ["load koffi"]],
    [report.floor, ["load sharp", "first decode"]],
  ] as const) {
    const names = side.steps.map(({ name }) => name);
    for (const step of ["Node", ...decoder, "load onnxruntime-node", "session", "first run"]) {
      assert.ok(names.includes(step), `${step} of ${names.join(", ")}`);
    }
    assert.equal(names.includes("load sharp"), side === report.floor);
    assert.ok(names.includes("S3 GET") && names.includes("S3 PUT"), names.join(", "));
    assert.ok(side.initMs.median < side.firstResultMs.median);
    for (const { startMs, endMs } of side.steps) assert.ok(startMs <= endMs);
  }
  assert.ok(report.ratio.firstResult.median > 0);
  assert.match(coldStartText(report), /process start to first result/);
});

test("a model that does not open ends with 1 and the function's own words", async () => {
  const args = ["src/measure/cold-start.ts", "--rounds", "1", "--traced", "0", "--model", "/nowhere"];
  await assert.rejects(
    run(process.execPath, args, { cwd: ROOT }),
    (error: { code: number; stderr: string }) =>
      error.code === 1 && /MODEL_INVALID|\/nowhere/.test(error.stderr),
  );
});
