import assert from "node:assert/strict";
import { test } from "node:test";
import type { Result } from "../../src/function/result.ts";
import { countDays, type Filter, isWanted } from "../../src/results/filter.ts";
import { csv, dayCsv, jsonLines, resultTable } from "../../src/results/print.ts";
import { type Period, readResultOf, readResults } from "../../src/results/read.ts";
import { fixture, sqsEvent, startFunction } from "../function/harness.ts";

const today = new Date().toISOString().slice(0, 10);
const tomorrow = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10);

for (const as of ["object", "annotation", "lines", "annotation+lines"] as const) {
  test(`results published as ${as} are read, filtered, counted and exported`, async (t) => {
    const { s3, upload, invoke } = await startFunction(t, { resultsAs: as });
    const records = [
      await upload('scans/a, "b".png', await fixture("document-1.png")),
      await upload("=photo.jpg", await fixture("photo-1.jpg")),
      await upload("text.jpg", "no image"),
    ];
    await invoke(sqsEvent(records.map((record) => ({ Records: [record] }))));
    const place = {
      as,
      uploadsBucket: "uploads",
      resultsBucket: "results",
      annotationName: "classification",
    };
    assert.equal((await readResultOf(s3.client, place, "=photo.jpg"))?.status, "classified");
    assert.equal(await readResultOf(s3.client, place, "never.jpg"), undefined);

    const list = async (filter: Filter & Period) => {
      const results: Result[] = [];
      for await (const result of readResults(s3.client, place, filter)) {
        if (isWanted(result, filter)) results.push(result);
      }
      return results;
    };
    const keys = async (filter: Filter & Period) =>
      (await list(filter)).map(({ source }) => source.key).sort();
    assert.deepEqual(await keys({}), ["=photo.jpg", 'scans/a, "b".png', "text.jpg"]);
    assert.deepEqual(await keys({ label: "photo" }), ["=photo.jpg"]);
    assert.deepEqual(await keys({ status: "rejected" }), ["text.jpg"]);
    assert.deepEqual(await keys({ prefix: "scans/", minScore: 0.2 }), ['scans/a, "b".png']);
    assert.deepEqual(await keys({ maxScore: 0.01 }), []);
    assert.equal(
      (await keys({ since: `${today}T00:00:00.000Z`, until: `${tomorrow}T00:00:00.000Z` })).length,
      3,
    );
    assert.deepEqual(await keys({ until: `${today}T00:00:00.000Z` }), []);
    assert.deepEqual(await keys({ since: `${tomorrow}T00:00:00.000Z` }), []);

    const all = await list({});
    const [head, ...rows] = csv(all).trimEnd().split("\r\n");
    assert.match(String(head), /^classifiedAt,bucket,key,/);
    assert.ok(rows.some((row) => row.includes(',"scans/a, ""b"".png",')));
    assert.ok(
      rows.some((row) => row.includes(`,"'=photo.jpg",`)),
      "no spreadsheet takes a key for a formula",
    );
    assert.deepEqual(dayCsv(countDays(all)).trimEnd().split("\r\n"), [
      "day,label,count",
      `${today},UNSUPPORTED_FORMAT,1`,
      `${today},document,1`,
      `${today},photo,1`,
    ]);
    assert.equal(jsonLines(all).trimEnd().split("\n").length, 3);
    assert.match(resultTable(all), /UNSUPPORTED_FORMAT/);
  });
}
