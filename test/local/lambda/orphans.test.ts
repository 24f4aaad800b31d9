import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { test } from "node:test";
import { PROJECT_DIR } from "../../../src/local/template.ts";
import { isRunning, until } from "./harness.ts";

const ORPHANS = join(PROJECT_DIR, "src/local/lambda/orphans.ts");
const PARENT = `
import { spawn } from "node:child_process";
import { startOrphanGuard } from ${JSON.stringify(ORPHANS)};
const guard = startOrphanGuard();
const child = spawn("sleep", ["600"], { detached: true, stdio: "ignore" });
guard.add(child.pid);
console.log(child.pid);
setInterval(() => {}, 1000);`;

test("a parent that is killed with SIGKILL leaves no process behind", { timeout: 30_000 }, async (t) => {
  const parent = spawn(process.execPath, ["--input-type=module-typescript", "--eval", PARENT], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.after(() => parent.kill("SIGKILL"));
  const [chunk] = (await once(parent.stdout, "data")) as [Buffer];
  const orphan = Number(chunk.toString());
  assert.ok(isRunning(orphan));
  parent.kill("SIGKILL");
  await until(() => !isRunning(orphan));
});
