import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmod, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import { type TestContext, test } from "node:test";
import { isRunning, until } from "../lambda/harness.ts";
import { childrenOf, FIXTURES, freePortPair, runCommand, startCommand, temporaryFolder } from "./harness.ts";

interface Announcement {
  readonly event: string;
  readonly page: string;
  readonly s3: string;
  readonly key: string;
  readonly document: { readonly predictions: readonly { readonly label: string }[] };
}

/** The next line of `--json` that announces this. */
async function next(lines: Interface, event: string): Promise<Announcement> {
  for (;;) {
    const [line] = (await once(lines, "line")) as [string];
    const announcement = JSON.parse(line) as Announcement;
    if (announcement.event === event) return announcement;
  }
}

async function interrupt(child: ChildProcess): Promise<number | null> {
  const closed = once(child, "close");
  child.kill("SIGINT");
  return (await closed)[0] as number | null;
}

/** By this process, or by one that had it before. */
async function occupy(t: TestContext, port: number): Promise<void> {
  const server = createServer().listen(port, "127.0.0.1");
  t.after(() => server.close());
  await Promise.race([once(server, "listening"), once(server, "error")]).catch(() => {});
}

test("npm start serves on its ports, Ctrl-C ends every process, and the next start has the data", {
  timeout: 120_000,
}, async (t) => {
  const data = join(await temporaryFolder(t), "data");
  const port = await freePortPair();
  const args = ["--port", String(port), "--data", data, "--no-samples", "--json", "--concurrency", "1"];
  const first = startCommand(t, "start", args);
  assert.ok(first.stdout && first.pid);
  const lines = createInterface({ input: first.stdout });
  const { page, s3 } = await next(lines, "ready");
  assert.equal(new URL(page).port, String(port));
  assert.equal(s3, `http://127.0.0.1:${port + 1}`);
  assert.equal((await fetch(page)).status, 200);

  const classified = next(lines, "picture");
  const body = await readFile(join(FIXTURES, "photo-1.jpg"));
  assert.equal((await fetch(`${s3}/uploads/mine.jpg`, { method: "PUT", body })).status, 200);
  const { key, document } = await classified;
  assert.equal(key, "mine.jpg", "no sample came before it");
  assert.equal(document.predictions[0]?.label, "photo");

  await occupy(t, 4400);
  const other = await runCommand(t, "start", ["--data", data, "--no-samples", "--json"]);
  assert.match(other.stderr, /^Port 4400 is in use by another program: the page gets a free one/);
  assert.match(other.stderr, new RegExp(`in use by process ${first.pid}`));
  assert.equal(other.code, 1);
  const same = await runCommand(t, "start", ["--port", String(port), "--no-samples"]);
  assert.match(same.stderr, new RegExp(`^--port ${port} takes .*; ${port}, of the page, is in use`));
  assert.equal(same.code, 2);

  const children = await childrenOf(first.pid);
  assert.ok(children.length > 0);
  assert.equal(await interrupt(first), 0);
  await until(() => !children.some(isRunning));

  const bin = await temporaryFolder(t);
  const opened = join(bin, "opened");
  await writeFile(
    join(bin, "xdg-open"),
    `#!/bin/sh\necho "$1" > '${opened}.part' && mv '${opened}.part' '${opened}'\n`,
  );
  await chmod(join(bin, "xdg-open"), 0o755);
  const second = startCommand(t, "start", [...args, "--open"], { PATH: `${bin}:${process.env.PATH}` });
  assert.ok(second.stdout);
  await next(createInterface({ input: second.stdout }), "ready");
  const result = await fetch(`${s3}/results/mine.jpg.json`);
  assert.equal(((await result.json()) as { status: string }).status, "classified");
  let url = "";
  while (url === "") url = await readFile(opened, "utf8").catch(() => "");
  assert.equal(url.trim(), page);
  assert.equal(await interrupt(second), 0);
});
