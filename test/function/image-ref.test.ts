import assert from "node:assert/strict";
import { test } from "node:test";
import { compareSequencers } from "../../src/function/image-ref.ts";

/** Oldest first. */
const IN_ORDER = ["0055AED6DCD90281E4", "0055AED6DCD90281E5", "0055AED6DCD90281E501", "0055AED6DD", "1"];

test("sequencers are ordered as hexadecimal text, the shorter padded with zeros on the right", () => {
  for (const [i, a] of IN_ORDER.entries()) {
    for (const [j, b] of IN_ORDER.entries())
      assert.equal(Math.sign(compareSequencers(a, b)), Math.sign(i - j));
  }
});

test("zeros on the right and the case of letters make no difference", () => {
  assert.equal(compareSequencers("0A", "0a000"), 0);
});

test("sequencers longer than a number can hold are compared digit by digit", () => {
  const digits = "F".repeat(40);
  assert.ok(compareSequencers(`${digits}1`, `${digits}2`) < 0);
});
