import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, test } from "node:test";
import { createResampler } from "../../src/function/kernel/resampler.ts";
import { normalizationOf } from "../../src/function/stages/normalize.ts";
import { buildFunction } from "../../src/local/build.ts";
import { firstCores } from "../../src/measure/cores.ts";
import { PEERS_DIR } from "../../src/measure/peers.ts";
import { ROWS } from "../../src/measure/rows/catalog.ts";
import { OPENERS } from "../../src/measure/rows/openers.ts";
import { findPython } from "../../src/measure/rows/pillow.ts";
import { nestedLoops, oneArray } from "../../src/measure/rows/published.ts";
import type { RowContext } from "../../src/measure/rows/row.ts";
import { alternateRounds, type RunningRow, startRow } from "../../src/measure/runner.ts";
import { modelVariants } from "../../src/measure/variants.ts";

const MODEL_DIR = resolve(import.meta.dirname, "../../models/upload-triage");
const PICTURES = ["photo-1.jpg", "document-2.jpg"].map((name) =>
  resolve(import.meta.dirname, "../fixtures", name),
);
const python = findPython();
let cacheDir: string;
let context: RowContext;

before(async () => {
  cacheDir = await mkdtemp(join(tmpdir(), "variants-"));
  const variants = await modelVariants(MODEL_DIR, cacheDir);
  context = {
    modelDir: MODEL_DIR,
    uint8ModelDir: variants.uint8,
    float32ModelDir: variants.float32,
    transformersModel: variants.transformers,
    peersDir: PEERS_DIR,
    imagesInFlight: 2,
    bundle: (await buildFunction(join(cacheDir, "function"))).file,
  };
});
after(() => rm(cacheDir, { recursive: true, force: true }));

async function run(ids: readonly string[], rounds: number) {
  const rows: RunningRow[] = [];
  const order: string[] = [];
  try {
    for (const id of ids) {
      const entry = ROWS.find((row) => row.id === id);
      assert.ok(entry, `${id} is in the catalogue`);
      rows.push(await startRow(entry, context, PICTURES, python));
    }
    const results = await alternateRounds(rows, PICTURES.length, rounds, ({ id }) => order.push(id));
    const own = await rows[0]?.profile?.(PICTURES.length);
    return { results, order, own };
  } finally {
    await Promise.all(rows.map((row) => row.close()));
  }
}

test("every row of the catalogue has an opener or a method of Python", () => {
  const openable = ROWS.filter(({ id, pillow }) => pillow !== undefined || OPENERS[id] !== undefined);
  assert.deepEqual(openable, ROWS);
});

test("rows alternate, and those that classify give the same labels on real pictures", async () => {
  const ids = ["ours", "ours-uint8", "baseline", "infer-float32"];
  const { results, order, own } = await run(ids, 1);
  assert.deepEqual(order, [...ids, ...ids.slice(1), "ours"]);
  const [ours, uint8, baseline] = results.map(({ rounds }) => rounds[0]?.tops);
  assert.equal(ours?.length, 2);
  assert.deepEqual(uint8, ours);
  assert.deepEqual(baseline, ours);
  for (const { entry, rounds, peakMemoryMb } of results) {
    assert.equal(rounds.length, 1, "the warm-up round is thrown away");
    assert.equal(rounds[0]?.latenciesMs.length, 2, entry.id);
    assert.ok(peakMemoryMb > 50, entry.id);
  }
  assert.deepEqual(Object.keys(results[2]?.rounds[0]?.stagesMs ?? {}), ["decode", "normalize", "infer"]);
  assert.ok(own !== undefined && own.cpuMs > 0 && own.ownMs < own.cpuMs);
});

test("the function as deployed works through batches from S3, which is as far away as the row says", async () => {
  const { results } = await run(["deployed-0ms-10", "deployed-100ms-1"], 1);
  const [near, far] = results.map(({ rounds }) => rounds[0]);
  assert.equal(near?.latenciesMs.length, PICTURES.length);
  // One request after the other, to read a picture and to write its result: no machine is faster than the distance.
  for (const latencyMs of far?.latenciesMs ?? [0]) assert.ok(latencyMs >= 200, `${latencyMs} ms`);
});

test("a row that is kept to one core has no thread on another, and S3 is not kept to it", {
  skip: process.platform !== "linux" && "needs Linux",
}, async () => {
  const cores = firstCores(1);
  for (const id of ["baseline", "deployed-0ms-10", ...(python === undefined ? [] : ["pre-bilinear"])]) {
    const entry = ROWS.find((row) => row.id === id);
    assert.ok(entry);
    const row = await startRow(entry, { ...context, cores }, PICTURES, python);
    try {
      await row.run(PICTURES.length);
      const threads = await coresOfThreads(row.pid);
      assert.deepEqual(new Set(threads), new Set([cores.own]), id);
      const children = await readFile(`/proc/${row.pid}/task/${row.pid}/children`, "utf8");
      for (const child of children.trim().split(" ").filter(Boolean))
        assert.deepEqual(new Set(await coresOfThreads(child)), new Set([cores.all]), `${id}'s S3`);
    } finally {
      await row.close();
    }
  }
});

async function coresOfThreads(pid: number | string | undefined): Promise<(string | undefined)[]> {
  const threads = await readdir(`/proc/${pid}/task`);
  const status = await Promise.all(
    threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/status`, "utf8")),
  );
  return status.map((text) => /^Cpus_allowed_list:\s*(\S+)$/m.exec(text)?.[1]);
}

test("a row that cannot open says why", async () => {
  const entry = ROWS.find(({ id }) => id === "ours");
  assert.ok(entry);
  const broken = { ...context, modelDir: join(cacheDir, "nowhere") };
  await assert.rejects(startRow(entry, broken, PICTURES, python), /Row ours failed: .*nowhere/s);
});

test("Pillow's rows run in a Python process", {
  skip: python === undefined && "needs python3 with Pillow and NumPy",
}, async () => {
  const { results } = await run(["pre-bilinear"], 1);
  assert.equal(results[0]?.rounds[0]?.latenciesMs.length, 2);
  assert.ok(results[0]?.versions.numpy);
});

test("both published methods compute the values that ours does", async () => {
  const side = 6;
  const pixels = new Uint8Array(side * side * 3).map((_, i) => (i * 37) % 256);
  const input = { side, shorterSide: 8, mean: 0.5, std: 0.5, kernel: "linear" } as const;
  const ours = new Float32Array(pixels.length);
  const normalization = normalizationOf("NCHW", 1 / 255, [0.5, 0.5, 0.5], [0.5, 0.5, 0.5]);
  const size = { width: side, height: side };
  const plan = { resize: size, top: 0, left: 0, output: size };
  createResampler().resampleInto({ pixels, ...size, channels: 3 }, plan, "nearest", normalization, ours);
  for (const values of [nestedLoops(pixels, input), oneArray(pixels, input)]) {
    values.forEach((value, i) => {
      assert.ok(Math.abs(value - (ours[i] ?? Number.NaN)) < 1e-6);
    });
  }
});

test("variants are made once, and the uint8 one reads pixels", async () => {
  const again = await modelVariants(MODEL_DIR, cacheDir);
  assert.equal(again.uint8, context.uint8ModelDir);
  assert.ok((await readFile(join(again.uint8, "model.onnx"))).includes("pixels_nhwc"));
});
