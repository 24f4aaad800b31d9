import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { promisify } from "node:util";
import { startEndpoint, temporaryFolder } from "./harness.ts";

const run = promisify(execFile);
/** Nothing of the user's own configuration. */
const environment = (folder: string) => ({ cwd: folder, env: { PATH: process.env.PATH, HOME: folder } });

function skipWithout(command: string, version: string): false | string {
  return spawnSync(command, [version]).status === 0 ? false : `${command} is not installed`;
}

/** An endpoint and a folder with a small file, and a large one that clients send in parts. */
async function start(t: TestContext) {
  const { url, port } = await startEndpoint(t, { buckets: ["uploads"] });
  const folder = await temporaryFolder(t);
  const small = randomBytes(1000);
  const large = randomBytes(12 * 2 ** 20);
  await writeFile(join(folder, "small file.bin"), small);
  await writeFile(join(folder, "large.bin"), large);
  return { url, port, folder, small, large };
}

test("s3cmd puts, lists, describes, gets and deletes", {
  skip: skipWithout("s3cmd", "--version"),
}, async (t) => {
  const { port, folder, small, large } = await start(t);
  const config = [
    "[default]",
    "access_key = local",
    "secret_key = local",
    `host_base = 127.0.0.1:${port}`,
    `host_bucket = 127.0.0.1:${port}`,
    "use_https = False",
    "signature_v2 = False",
  ];
  await writeFile(join(folder, "s3cfg"), config.join("\n"));
  const s3cmd = async (...args: string[]) =>
    (await run("s3cmd", ["--config", "s3cfg", "--no-progress", ...args], environment(folder))).stdout;
  await s3cmd("put", "--multipart-chunk-size-mb=5", "small file.bin", "large.bin", "s3://uploads/");
  assert.match(await s3cmd("ls", "s3://uploads/"), /large\.bin[\s\S]*small file\.bin/);
  assert.match(await s3cmd("info", "s3://uploads/large.bin"), /File size:\s+12582912/);
  await s3cmd("get", "s3://uploads/large.bin", "large.back");
  await s3cmd("get", "s3://uploads/small file.bin", "small.back");
  assert.ok((await readFile(join(folder, "large.back"))).equals(large));
  assert.ok((await readFile(join(folder, "small.back"))).equals(small));
  await s3cmd("del", "--recursive", "--force", "s3://uploads");
  assert.equal((await s3cmd("ls", "s3://uploads/")).trim(), "");
});

test("rclone copies there and back, finds the copies equal, and purges", {
  skip: skipWithout("rclone", "version"),
}, async (t) => {
  const { url, folder } = await start(t);
  const remote = `:s3,provider=Other,access_key_id=local,secret_access_key=local,endpoint="${url}":uploads`;
  const rclone = (...args: string[]) =>
    run(
      "rclone",
      ["--config", join(folder, "rclone.conf"), "--s3-chunk-size", "5M", "--s3-upload-cutoff", "5M", ...args],
      environment(folder),
    );
  await writeFile(join(folder, "rclone.conf"), "");
  const files = ["--include", "*.bin"];
  await rclone("copy", ...files, ".", `${remote}/tree`);
  await rclone("check", ...files, "--download", ".", `${remote}/tree`);
  const { stdout } = await rclone("lsf", `${remote}/tree`);
  assert.deepEqual(stdout.trim().split("\n").sort(), ["large.bin", "small file.bin"]);
  await rclone("delete", `${remote}/tree`);
  assert.equal((await rclone("lsf", "-R", remote)).stdout.trim(), "");
});
