import assert from "node:assert/strict";
import { test } from "node:test";
import { createClassifier } from "../../../src/function/classifier.ts";
import { createDeadline } from "../../../src/function/deadline.ts";
import { fixture, testConfig, triageModel } from "../harness.ts";

// Slow because a busy machine needs more than the ten seconds of a decoder to compile libheif twice.
test("a HEIC has the same scores in a process of its own, where it is decoded in a thread of that", async () => {
  const classifier = await createClassifier(await triageModel(), testConfig());
  const file = await fixture("heic/phone.heic");
  const here = await classifier.classify(file);
  const apart = await classifier.classify(file, createDeadline(60_000), true);
  assert.deepEqual(apart.predictions, here.predictions);
});
