import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { test } from "node:test";

const BENCH = resolve(import.meta.dirname, "../../src/measure/bench.ts");
const FIXTURES = resolve(import.meta.dirname, "../fixtures");

function bench(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const { promise, resolve: done } = Promise.withResolvers<{
    code: number;
    stdout: string;
    stderr: string;
  }>();
  execFile(process.execPath, [BENCH, ...args], (error, stdout, stderr) =>
    done({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
  );
  return promise;
}

test("--help names options, rows and exit status", async () => {
  const { code, stdout } = await bench("--help");
  assert.equal(code, 0);
  for (const part of ["--images", "--scale", "--out", "pre-bilinear", "Exit status"]) {
    assert.ok(stdout.includes(part), part);
  }
});

test("what it cannot measure it says in a line, with status 2 for a wrong choice and 1 for what is not there", async () => {
  const wrong = [
    { args: ["--only", "ours,theirs"], message: /got theirs/, status: 2 },
    { args: ["--pictures", "huge"], message: /small, 12mp, both/, status: 2 },
    { args: ["--cores", "1000"], message: /--cores: expected at most \d+, .* got 1000/, status: 2 },
    { args: ["--cores", "1", "--scale"], message: /cannot be used with/, status: 2 },
    { args: ["--model", "nowhere"], message: /No model "nowhere"/, status: 2 },
    { args: ["--images", "/nowhere"], message: /\/nowhere/, status: 1 },
  ];
  const ends = await Promise.all(wrong.map(({ args }) => bench(...args)));
  for (const [i, { code, stderr }] of ends.entries()) {
    assert.equal(code, wrong[i]?.status, stderr);
    assert.match(stderr, wrong[i]?.message ?? /never/);
    assert.doesNotMatch(stderr, /\n {4}at /);
  }
});

test("own pictures are measured: JSON on standard output, page and chart in files", async (t) => {
  const dir = await mkdtemp(join(tmpdir(), "bench-"));
  t.after(() => rm(dir, { recursive: true, force: true }));
  const args = ["--images", FIXTURES, "--count", "3", "--rounds", "1", "--only", "ours,floor", "--json"];
  const { code, stdout, stderr } = await bench(...args, "--out", join(dir, "page"));
  assert.equal(code, 0, stderr);
  const report = JSON.parse(stdout);
  assert.equal(report.command, `npm run bench -- ${args.slice(0, -1).join(" ")}`);
  assert.deepEqual(
    report.workloads[0].rows.map(({ id }: { id: string }) => id),
    ["ours", "floor"],
  );
  assert.match(await readFile(join(dir, "page.md"), "utf8"), /!\[Bench\]\(page\.svg\)/);
  assert.match(await readFile(join(dir, "page.svg"), "utf8"), /ours, as deployed/);
});

test("--cores stands in the report and in the page's heading", async (t) => {
  const dir = await mkdtemp(join(tmpdir(), "bench-"));
  t.after(() => rm(dir, { recursive: true, force: true }));
  const args = ["--images", FIXTURES, "--count", "3", "--rounds", "1", "--cores", "1", "--only", "ours"];
  const { code, stdout, stderr } = await bench(...args, "--json", "--out", join(dir, "page"));
  assert.equal(code, 0, stderr);
  assert.equal(JSON.parse(stdout).coresPerRow, 1);
  assert.match(await readFile(join(dir, "page.md"), "utf8"), /pictures in flight, each row on one core\./);
});
