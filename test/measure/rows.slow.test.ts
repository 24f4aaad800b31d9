import assert from "node:assert/strict";
import { test } from "node:test";
import { PICTURES, python, runRows } from "./rows-harness.ts";

test("the function as deployed works through batches from S3, which is as far away as the row says", async () => {
  const { results } = await runRows(["deployed-0ms-10", "deployed-100ms-1"], 1);
  const [near, far] = results.map(({ rounds }) => rounds[0]);
  assert.equal(near?.latenciesMs.length, PICTURES.length);
  // One request after the other, to read a picture and to write its result: no machine is faster than the distance.
  for (const latencyMs of far?.latenciesMs ?? [0]) assert.ok(latencyMs >= 200, `${latencyMs} ms`);
});

test("Pillow's rows run in a Python process", {
  skip: python === undefined && "needs python3 with Pillow and NumPy",
}, async () => {
  const { results } = await runRows(["pre-bilinear"], 1);
  assert.equal(results[0]?.rounds[0]?.latenciesMs.length, 2);
  assert.ok(results[0]?.versions.numpy);
});
