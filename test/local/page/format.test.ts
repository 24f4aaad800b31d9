import assert from "node:assert/strict";
import { test } from "node:test";
import { formatValue } from "../../../src/local/page/client/format.ts";

test("numbers of charts have three digits and the prefixes of the SI", () => {
  const texts = { 0: "0", 0.0312: "0.031", 4.711: "4.71", 318.4: "318", 9999: "9,999" };
  for (const [value, text] of Object.entries({ ...texts, 12400: "12.4k", 1370000: "1.37M" }))
    assert.equal(formatValue(Number(value)), text);
});
