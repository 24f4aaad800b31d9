import assert from "node:assert/strict";
import { test } from "node:test";
import { csvRecord } from "../../src/local/csv.ts";

test("texts are quoted by RFC 4180, numbers are numbers, what is missing is empty", () => {
  assert.equal(csvRecord(["a", 'b "c", d', "e\nf", -0.5, undefined]), 'a,"b ""c"", d","e\nf",-0.5,\r\n');
});

for (const key of ["=HYPERLINK(1)", "+1", "-1", "@SUM(1)", "\tx", "\rx"]) {
  test(`no spreadsheet takes the key ${JSON.stringify(key)} for a formula`, () => {
    assert.equal(csvRecord([key]), `"'${key}"\r\n`);
  });
}
