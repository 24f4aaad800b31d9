import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import type { ResultsAs } from "../../src/function/config.ts";
import type { Result } from "../../src/function/result.ts";
import { fixture, PROJECT_DIR, sqsEvent, startFunction } from "../function/harness.ts";

const run = promisify(execFile);
const cli = async (url: string, as: ResultsAs, ...args: string[]) => {
  const file = join(PROJECT_DIR, "src/results/cli.ts");
  return (await run(process.execPath, [file, "--endpoint-url", url, "--as", as, ...args])).stdout;
};
const today = new Date().toISOString().slice(0, 10);
const tomorrow = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10);

for (const as of ["object", "annotation", "lines", "annotation+lines"] as const) {
  test(`results published as ${as} are shown, listed, filtered, counted and exported`, async (t) => {
    const { s3, upload, invoke } = await startFunction(t, { resultsAs: as });
    const records = [
      await upload('scans/a, "b".png', await fixture("document-1.png")),
      await upload("=photo.jpg", await fixture("photo-1.jpg")),
      await upload("text.jpg", "no image"),
    ];
    await invoke(sqsEvent(records.map((record) => ({ Records: [record] }))));
    const show = JSON.parse(await cli(s3.url, as, "show", "=photo.jpg")) as Result;
    assert.equal(show.status, "classified");
    await assert.rejects(cli(s3.url, as, "show", "never.jpg"), { code: 1, stderr: /no result of never.jpg/ });

    const list = async (...args: string[]) =>
      (await cli(s3.url, as, "list", "--jsonl", ...args))
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => (JSON.parse(line) as Result).source.key)
        .sort();
    assert.equal((await list()).length, 3);
    assert.deepEqual(await list("--label", "photo"), ["=photo.jpg"]);
    assert.deepEqual(await list("--status", "rejected"), ["text.jpg"]);
    assert.deepEqual(await list("--prefix", "scans/", "--min-score", "0.2"), ['scans/a, "b".png']);
    assert.deepEqual(await list("--max-score", "0.01"), []);
    assert.equal((await list("--since", today, "--until", tomorrow)).length, 3);
    assert.deepEqual(await list("--until", today), []);
    assert.deepEqual(await list("--since", tomorrow), []);

    const [head, ...rows] = (await cli(s3.url, as, "list", "--csv")).trimEnd().split("\r\n");
    assert.match(String(head), /^classifiedAt,bucket,key,/);
    assert.equal(rows.length, 3);
    assert.ok(rows.some((row) => row.includes(',"scans/a, ""b"".png",')));
    assert.ok(rows.some((row) => row.includes(`,"'=photo.jpg",`)));
    assert.deepEqual((await cli(s3.url, as, "days", "--csv")).trimEnd().split("\r\n"), [
      "day,label,count",
      `${today},UNSUPPORTED_FORMAT,1`,
      `${today},document,1`,
      `${today},photo,1`,
    ]);
    assert.match(await cli(s3.url, as, "list"), /UNSUPPORTED_FORMAT/);
  });
}

test("wrong usage ends with 2 and says what was expected", async () => {
  for (const args of [
    ["list", "--min-score", "2"],
    ["list", "--since", "then"],
    ["--as", "paper", "days"],
    ["sing"],
  ]) {
    const file = join(PROJECT_DIR, "src/results/cli.ts");
    await assert.rejects(run(process.execPath, [file, ...args]), { code: 2 }, args.join(" "));
  }
});
