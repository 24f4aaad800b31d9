import assert from "node:assert/strict";
import { execFile, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { access, copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import type { ProfileReport } from "../../src/measure/profile/job.ts";

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, "../..");
const SSHD = "/usr/sbin/sshd";
const missing = [SSHD, "/usr/bin/ssh", "/usr/bin/ssh-keygen"].find((path) => !existsSync(path));
const needsNode = !existsSync(join(ROOT, `node_modules/node-linux-${process.arch}`));
const skip = missing !== undefined ? `needs ${missing}` : needsNode && "needs Node's package for Linux";

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  return typeof address === "object" && address !== null ? address.port : 0;
}

test("--ssh takes Node, sources, natives, model and pictures along and brings the report back", {
  skip,
}, async (t) => {
  const dir = await mkdtemp(join(tmpdir(), "ssh-test-"));
  t.after(() => rm(dir, { recursive: true, force: true }));
  const keys = ["host_key", "user_key"].map((name) => join(dir, name));
  for (const key of keys) execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key]);
  const [hostKey = "", userKey = ""] = keys;
  await copyFile(`${userKey}.pub`, join(dir, "authorized_keys"));
  const port = await freePort();
  const user = userInfo().username;
  if (userInfo().uid === 0) await mkdir("/run/sshd", { recursive: true });
  await writeFile(
    join(dir, "sshd_config"),
    `Port ${port}\nListenAddress 127.0.0.1\nHostKey ${hostKey}\nPidFile none\nAuthorizedKeysFile ${dir}/authorized_keys\nStrictModes no\nPasswordAuthentication no\nUsePAM no\n`,
  );
  await writeFile(
    join(dir, "ssh_config"),
    `Host graviton\n  HostName 127.0.0.1\n  Port ${port}\n  IdentityFile ${userKey}\n  IdentitiesOnly yes\n  StrictHostKeyChecking accept-new\n  UserKnownHostsFile ${dir}/known_hosts\n  LogLevel ERROR\n`,
  );
  const sshd = spawn(SSHD, ["-D", "-e", "-f", join(dir, "sshd_config")], { stdio: "ignore" });
  t.after(async () => {
    sshd.kill();
    if (sshd.exitCode === null) await once(sshd, "exit");
  });
  const config = join(dir, "ssh_config");
  for (let i = 0; i < 50; i++) {
    const answers = await run("ssh", ["-F", config, "-o", "BatchMode=yes", `${user}@graviton`, "true"]).then(
      () => true,
      () => false,
    );
    if (answers) break;
    await delay(100);
  }
  const out = join(dir, "out");
  const args = ["--ssh", `${user}@graviton`, "--ssh-config", config, "--row", "ours", "--seconds", "1"];
  const work = ["--images", "test/fixtures", "--count", "2", "--no-overhead", "--out", out, "--json"];
  const command = ["src/measure/profile.ts", ...args, ...work];
  const { stdout } = await run(process.execPath, command, { cwd: ROOT, maxBuffer: 2 ** 26 });
  const report = JSON.parse(stdout) as ProfileReport;
  assert.equal(report.rows[0]?.id, "ours");
  assert.ok((report.rows[0]?.pictures ?? 0) >= 2);
  for (const file of report.rows[0]?.files ?? []) await access(join(out, file));
});

test("a machine that cannot be reached ends with 1 and ssh's own words", { skip }, async () => {
  const args = [
    "--ssh",
    "nobody@127.0.0.1",
    "--ssh-config",
    "/dev/null",
    "--images",
    "test/fixtures",
    "--count",
    "1",
  ];
  await assert.rejects(
    run(process.execPath, ["src/measure/profile.ts", ...args, "--out", join(tmpdir(), "profile-nowhere")], {
      cwd: ROOT,
    }),
    (error: { code: number; stderr: string }) =>
      error.code === 1 && /^profile: ssh ended with 255/.test(error.stderr),
  );
});
