import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { finished } from "node:stream/promises";
import { test } from "node:test";
import { MAX_LINE_LENGTH, parseEmf, readLines } from "../../../src/local/lambda/lines.ts";

async function linesOf(...chunks: readonly (string | Buffer)[]): Promise<string[]> {
  const stream = new PassThrough();
  const lines: string[] = [];
  readLines(stream, (line) => lines.push(line));
  for (const chunk of chunks) stream.write(chunk);
  stream.end();
  await finished(stream);
  return lines;
}

test("lines that chunks cut are put together, and the last needs no line feed", async () => {
  assert.deepEqual(await linesOf("on", "e\ntw", "o\r\n", "\nthree"), ["one", "two", "", "three"]);
});

test("a character that a chunk cuts is whole", async () => {
  const bytes = Buffer.from("é🙂\n");
  assert.deepEqual(await linesOf(bytes.subarray(0, 1), bytes.subarray(1, 4), bytes.subarray(4)), ["é🙂"]);
});

test("a line longer than CloudWatch Logs takes arrives in pieces", async () => {
  const lines = await linesOf("x".repeat(MAX_LINE_LENGTH + 5), "\n");
  assert.deepEqual(
    lines.map(({ length }) => length),
    [MAX_LINE_LENGTH, 5],
  );
});

test("only an object with a list of metric directives is EMF", () => {
  assert.ok(parseEmf('{"_aws":{"CloudWatchMetrics":[]}}'));
  for (const line of [
    "",
    "{",
    '{"CloudWatchMetrics":[]}',
    '{"_aws":{"CloudWatchMetrics":1}}',
    '["CloudWatchMetrics"]',
  ]) {
    assert.equal(parseEmf(line), undefined, line);
  }
});
