import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { buildFunction } from "../../src/local/build.ts";
import { pushPictures } from "./load.ts";
import { memoryCurve, quantile } from "./measure.ts";

test("of 60 pictures pushed through the whole stack, at its rate and at twice that, none is lost or wrong", async (t) => {
  const dir = await mkdtemp(join(tmpdir(), "load-bundle-"));
  t.after(() => rm(dir, { recursive: true, force: true }));
  await buildFunction(dir);
  const modelDir = join(import.meta.dirname, "../../models/upload-triage");
  const bundle = { dir, handler: "handler.handler" };
  const { phases, deaths } = await pushPictures({ modelDir, pictures: 30, concurrency: 1, bundle });
  for (const { name, results, lost, wrong, deadLetters, sampled } of phases) {
    assert.deepEqual(
      { results, lost, wrong, deadLetters, sampled },
      { results: 30, lost: 0, wrong: 0, deadLetters: 0, sampled: 30 },
      name,
    );
  }
  assert.equal(deaths, 0);
});

test("memory that ends a tenth higher than it was when warm is not flat", () => {
  const [flat, growing] = [
    [10, 200, 200, 200, 205, 200, 205, 210],
    [10, 200, 200, 200, 220, 240, 260, 280],
  ];
  assert.equal(memoryCurve(flat, 20_000).verdict, "flat");
  assert.equal(memoryCurve(growing, 20_000).verdict, "growing");
  assert.equal(memoryCurve(growing, 1500).verdict, "too short to tell");
});

test("a quantile is the nearest rank", () => {
  assert.equal(quantile([3, 1, 2, 4], 0.5), 2);
  assert.equal(quantile([3, 1, 2, 4], 0.99), 4);
});
