import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { ClassifierError } from "../../src/function/errors.ts";
import { classifiedResult, type Result, rejectedResult } from "../../src/function/result.ts";
import { newestOfEachKey } from "../../src/results/newest.ts";
import { properties } from "../template/read.ts";

interface Given {
  readonly key?: string;
  readonly eTag?: string;
  readonly sequencer?: string;
  readonly isRejected?: boolean;
}

/** Results with times in the order given; `requestId` is the position. */
function lines(...given: readonly Given[]): Result[] {
  return given.map(({ key = "k", eTag, sequencer, isRejected }, index) => {
    const origin = {
      model: { name: "m", sha256: "0".repeat(64), fingerprint: "0".repeat(64) },
      requestId: `${index}`,
    };
    const source = { bucket: "b", key, ...(eTag && { eTag }), ...(sequencer && { sequencer }) };
    const result = isRejected
      ? rejectedResult(origin, source, new ClassifierError("OBJECT_NOT_FOUND", "why"))
      : classifiedResult(origin, source, {
          image: { format: "png", width: 1, height: 1 },
          predictions: [{ label: "photo", index: 0, score: 1 }],
          timingsMs: { fetch: 1, decode: 1, normalize: 1, infer: 1, rank: 1 },
        });
    return { ...result, classifiedAt: `2026-11-26T00:00:${String(index).padStart(2, "0")}.000Z` };
  });
}

/** The stack's own query, on SQLite: it has neither structs nor rpad. */
function queried(results: readonly Result[]): string[] {
  const database = new DatabaseSync(":memory:");
  database.function("rpad", (text, length, fill) =>
    text === null ? null : String(text).padEnd(Number(length), String(fill)),
  );
  const columns = ["bucket", "key", "etag", "sequencer"].map((name) => `"source.${name}"`);
  database.exec(`CREATE TABLE results (requestid, status, classifiedat, ${columns.join(", ")})`);
  const insert = database.prepare("INSERT INTO results VALUES (?, ?, ?, ?, ?, ?, ?)");
  for (const { requestId, status, classifiedAt, source } of results) {
    const { bucket, key, eTag = null, sequencer = null } = source;
    insert.run(requestId, status, classifiedAt, bucket, key, eTag, sequencer);
  }
  const query = String(properties("NewestResultsQuery").QueryString).replaceAll(
    /r\.source\.(\w+)/g,
    'r."source.$1"',
  );
  const rows = database.prepare(query).all() as { requestid: string }[];
  database.close();
  return rows.map(({ requestid }) => requestid).sort();
}

const CASES: Record<string, readonly [newest: readonly number[], ...given: Given[]]> = {
  "the greatest sequencer, whatever came last": [
    [0],
    { sequencer: "0F1", eTag: "b" },
    { sequencer: "0f", eTag: "a" },
  ],
  "sequencers of two lengths": [[1], { sequencer: "0F", eTag: "a" }, { sequencer: "0F01", eTag: "b" }],
  "the same event twice": [[1], { sequencer: "1", eTag: "a" }, { sequencer: "1", eTag: "a" }],
  "a redelivery after the upload was deleted": [
    [0],
    { sequencer: "1", eTag: "a" },
    { sequencer: "1", eTag: "a", isRejected: true },
  ],
  "a suspicion, then its classification": [
    [1],
    { sequencer: "1", eTag: "a", isRejected: true },
    { sequencer: "1", eTag: "a" },
  ],
  "a newer upload that is rejected": [
    [1],
    { sequencer: "1", eTag: "a" },
    { sequencer: "2", eTag: "b", isRejected: true },
  ],
  "a backfill of the same bytes": [[1], { sequencer: "1", eTag: "a" }, { eTag: "a" }],
  "a backfill of bytes that an older event had": [
    [1],
    { sequencer: "1", eTag: "a" },
    { sequencer: "2", eTag: "b" },
    { eTag: "a" },
  ],
  "a backfill of other bytes": [[1], { sequencer: "1", eTag: "a" }, { eTag: "b" }],
  "an event after a backfill": [[1], { eTag: "b" }, { sequencer: "1", eTag: "a" }],
  "backfills alone": [[1], { eTag: "a" }, { eTag: "b" }],
  "the same bytes uploaded twice, the older event last": [
    [0],
    { sequencer: "2", eTag: "a" },
    { sequencer: "1", eTag: "a" },
  ],
  "a backfill of bytes that were uploaded twice": [
    [2],
    { sequencer: "2", eTag: "a" },
    { sequencer: "1", eTag: "a" },
    { eTag: "a" },
  ],
  "two keys": [[0, 1], { key: "x", sequencer: "2" }, { key: "y", sequencer: "1" }],
};

for (const [what, [newest, ...given]] of Object.entries(CASES)) {
  test(`newest of ${what}: by the program and by the stack's Athena query`, () => {
    const results = lines(...given);
    const expected = newest.map(String);
    assert.deepEqual(
      newestOfEachKey(results)
        .map(({ requestId }) => requestId)
        .sort(),
      expected,
    );
    assert.deepEqual(
      newestOfEachKey(results.toReversed())
        .map(({ requestId }) => requestId)
        .sort(),
      expected,
    );
    assert.deepEqual(queried(results), expected);
  });
}

test("a key that is overwritten all day is read in time that grows with its results, not with their square", () => {
  let reads = 0;
  const counted = lines(
    ...Array.from({ length: 2000 }, (_, i) => ({ sequencer: i.toString(16).padStart(4, "0") })),
  );
  const results = counted.map((result, i): Result => {
    const source = { bucket: "b", key: "k", sequencer: result.source.sequencer as string };
    const eTag = () => {
      reads++;
      return `${i}`;
    };
    return { ...result, source: Object.defineProperty(source, "eTag", { get: eTag }) };
  });
  assert.deepEqual(
    newestOfEachKey(results).map(({ requestId }) => requestId),
    ["1999"],
  );
  assert.ok(reads < 10 * results.length, `${reads} reads of ${results.length} results`);
});
