import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { access, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import type { ProfileReport } from "../../src/measure/profile/job.ts";
import { componentShares, profileText } from "../../src/measure/profile/print.ts";
import { markdownTable } from "../../src/measure/tables.ts";

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, "../..");

test("a one-second profile of two real rows names functions, parts, stages and operators, and writes flame graphs", async (t) => {
  const out = await mkdtemp(join(tmpdir(), "profile-test-"));
  t.after(() => rm(out, { recursive: true }));
  const args = [
    "--compare",
    "baseline",
    "ours",
    "--seconds",
    "1",
    "--images",
    "test/fixtures",
    "--count",
    "3",
  ];
  const command = ["src/measure/profile.ts", ...args, "--no-overhead", "--out", out, "--json"];
  const { stdout } = await run(process.execPath, command, { cwd: ROOT, maxBuffer: 2 ** 26 });
  const report = JSON.parse(stdout) as ProfileReport;
  assert.deepEqual(
    report.rows.map(({ id }) => id),
    ["baseline", "ours"],
  );
  for (const row of report.rows) {
    const sum = componentShares(row.hotspots).reduce((all, [, share]) => all + share, 0);
    assert.ok(Math.abs(sum - 1) < 0.01, `${sum}`);
    assert.ok(row.samples > 0 && row.pictures >= 3);
    assert.deepEqual(Object.keys(row.stagesMs).slice(0, 3), ["decode", "normalize", "infer"]);
    assert.equal(row.operators[0]?.operator, "QLinearConv");
    for (const file of row.files) await access(join(out, file));
  }
  const profile = JSON.parse(await readFile(join(out, "ours.cpuprofile"), "utf8")) as { samples: number[] };
  assert.ok(profile.samples.length > 0);
  assert.match(profileText(report, 5, markdownTable), /\| part \| before \|/);
});
