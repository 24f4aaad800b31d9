import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { PROJECT_DIR } from "../../src/local/template.ts";

const SETUP = join(PROJECT_DIR, "bin/setup");
const readJson = (path: string) => JSON.parse(readFileSync(join(PROJECT_DIR, path), "utf8"));

/** A folder to set up, and an npm that does this. */
function folderWithNpm(t: TestContext, script: string): { folder: string; PATH: string } {
  const folder = mkdtempSync(join(tmpdir(), "setup-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, "package-lock.json"), "");
  writeFileSync(join(folder, "npm"), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return { folder, PATH: `${folder}:${process.env.PATH}` };
}

/** What it says when npm installs nothing. */
function refusal(t: TestContext, npmVersion: string, nodeVersion: string): string {
  const { folder, PATH } = folderWithNpm(t, "exit 9");
  const env = { PATH, npm_config_user_agent: `npm/${npmVersion} node/v${nodeVersion} linux x64` };
  const { stderr, status } = spawnSync(SETUP, { encoding: "utf8", cwd: folder, env });
  assert.ok(status === 1 || status === 9, stderr);
  return status === 1 ? stderr : "";
}

test("an npm that leaves out the packages for this machine is refused, and the one to take is said", (t) => {
  for (const version of ["8.19.4", "9.2.0", "10.0.0"])
    assert.match(refusal(t, version, "20.9.0"), /^npm 10\.1 or newer is needed/, version);
  for (const version of ["10.1.0", "10.9.2", "11.0.0"]) assert.equal(refusal(t, version, "20.9.0"), "");
  assert.equal(readJson("package.json").engines.npm, ">=10.1");
});

test("a Node under which npm leaves packages out is refused, and the oldest that they all admit is taken", (t) => {
  const lock = readJson("package-lock.json");
  // Others are installed whatever they ask for.
  const asked = Object.values<{ optional?: boolean; engines?: { node?: string } }>(lock.packages)
    .filter(({ optional }) => optional)
    .map(({ engines }) => /^>= ?(\d+)(?:\.(\d+))?/.exec(engines?.node ?? ""))
    .map((found) => [Number(found?.[1] ?? 0), Number(found?.[2] ?? 0)] as const)
    .sort(([a, aMinor], [b, bMinor]) => a - b || aMinor - bMinor);
  const least = asked.at(-1)?.join(".");
  for (const { engines } of [readJson("package.json"), lock.packages[""]])
    assert.equal(engines.node, `>=${least}`);
  for (const version of ["18.20.0", "20.8.1"])
    assert.match(refusal(t, "10.1.0", version), /^Node 20\.9 or newer is needed/, version);
  for (const version of [`${least}.0`, "22.1.0", "24.0.0"]) assert.equal(refusal(t, "10.1.0", version), "");
});

test("the packaged Node is linked where npm did not: 10.1 drops it with the package of the other architecture", (t) => {
  const { folder, PATH } = folderWithNpm(t, '[ "$1" = ci ] || echo "$1" > npm-did');
  assert.equal(spawnSync(SETUP, { cwd: folder, env: { PATH } }).status, 0);
  assert.equal(readFileSync(join(folder, "npm-did"), "utf8"), "rebuild\n");
});

test("of two commands in a fresh clone one installs, and the other waits", async (t) => {
  const { folder, PATH } = folderWithNpm(
    t,
    [
      "echo >> installed",
      "sleep 0.3",
      "mkdir -p node_modules/.bin",
      "cp npm node_modules/.bin/node",
      "touch -d '1 minute' node_modules/.package-lock.json",
    ].join("\n"),
  );
  const run = () => once(spawn(SETUP, { cwd: folder, env: { PATH }, stdio: "ignore" }), "exit");
  assert.deepEqual(
    (await Promise.all([run(), run()])).map(([status]) => status),
    [0, 0],
  );
  assert.equal(readFileSync(join(folder, "installed"), "utf8"), "\n");
});
