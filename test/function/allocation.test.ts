import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { test } from "node:test";
import { createInputBuffers } from "../../src/function/model/input-buffers.ts";
import { loadModel } from "../../src/function/model/load.ts";
import { inspectImage } from "../../src/function/stages/decode/header.ts";
import { readObject } from "../../src/function/stages/fetch.ts";
import { inferLogits } from "../../src/function/stages/infer.ts";
import { createDecoders, prepareImage } from "../../src/function/stages/prepare.ts";
import { rankLabels } from "../../src/function/stages/rank.ts";
import { testConfig } from "./harness.ts";
import { drawn } from "./pictures.ts";
import { writeTinyModel } from "./tiny-model.ts";

/** A run over more, for figures to be quoted: `PICTURES=1000 node --test` and this file. */
const PICTURES = Number(process.env.PICTURES ?? 300);
const OPTIONS = testConfig({ maxImagePixels: 10_000_000 });
const FETCH_OPTIONS = { maxObjectBytes: 2 ** 20, signal: new AbortController().signal };

/** Memory outside V8's heap, where all buffers are; the heap is counted in the second number. */
const memoryNow = () => {
  const { external, heapUsed } = process.memoryUsage();
  return { external, heapUsed };
};

/** How many bytes a piece of work adds, each time it is done. A collection meanwhile gives a number below 0. */
class Growth {
  readonly external: number[] = [];
  readonly heap: number[] = [];

  async of<Result>(work: () => Result | Promise<Result>): Promise<Result> {
    const before = memoryNow();
    const result = await work();
    const after = memoryNow();
    this.external.push(after.external - before.external);
    this.heap.push(after.heapUsed - before.heapUsed);
    return result;
  }

  median(kind: "external" | "heap"): number {
    return this[kind].toSorted((a, b) => a - b)[Math.floor(this[kind].length / 2)] ?? Number.NaN;
  }
}

test(`over ${PICTURES} pictures no stage allocates anything of an image's size`, async (t) => {
  const model = await loadModel(await writeTinyModel(t, { side: 224 }));
  const fileBuffer = Buffer.allocUnsafeSlow(2 ** 20);
  const buffers = createInputBuffers(model.input);
  const decoders = createDecoders(OPTIONS);
  const file = await drawn(400, 300, (x, y) => [200 + (x % 50), (x * y) % 151, y % 97])
    .jpeg()
    .toBuffer();
  const chunks = [file.subarray(0, 16_384), file.subarray(16_384)];
  const growth = {
    fetch: new Growth(),
    decode: new Growth(),
    normalize: new Growth(),
    infer: new Growth(),
    rank: new Growth(),
  };
  for (let i = 0; i < PICTURES; i++) {
    const body = Readable.from(chunks, { objectMode: false });
    const object = { source: { bucket: "b", key: "k", sizeBytes: file.length }, body };
    const bytes = await growth.fetch.of(() => readObject(object, () => fileBuffer, FETCH_OPTIONS));
    const writePixelValues = await growth.decode.of(() =>
      prepareImage(model, inspectImage(bytes, OPTIONS.maxImagePixels), buffers, decoders, OPTIONS),
    );
    await growth.normalize.of(writePixelValues);
    const logits = await growth.infer.of(() => inferLogits(model, buffers));
    const [best] = await growth.rank.of(() => rankLabels(logits, model.labels, 5));
    assert.equal(best?.label, "red");
  }
  assert.ok(file.length > 20_000);
  const rawBytes = 3 * model.input.height * model.input.width;
  for (const [stage, measured] of Object.entries(growth)) {
    const [external, heap] = [measured.median("external"), measured.median("heap")];
    t.diagnostic(
      `${stage}: ${external} bytes outside the heap, ${heap} on it, a picture (median of ${PICTURES})`,
    );
    assert.ok(external <= 1024, `${stage} adds ${external} bytes outside the heap`);
    assert.ok(heap < rawBytes / 2, `${stage} adds ${heap} bytes on the heap`);
  }
});

test("the measurement sees a buffer that is allocated for each picture", async () => {
  const growth = new Growth();
  for (let i = 0; i < 50; i++) await growth.of(() => new Float32Array(3 * 224 * 224).length);
  assert.ok(growth.median("external") >= 4 * 3 * 224 * 224);
});
