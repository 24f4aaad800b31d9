import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { createResampler } from "../../src/function/kernel/resampler.ts";
import { normalizationOf } from "../../src/function/stages/normalize.ts";
import { firstCores } from "../../src/measure/cores.ts";
import { ROWS } from "../../src/measure/rows/catalog.ts";
import { OPENERS } from "../../src/measure/rows/openers.ts";
import { nestedLoops, oneArray } from "../../src/measure/rows/published.ts";
import { startRow } from "../../src/measure/runner.ts";
import { modelVariants } from "../../src/measure/variants.ts";
import { cacheDir, context, MODEL_DIR, PICTURES, python, runRows } from "./rows-harness.ts";

test("every row of the catalogue has an opener or a method of Python", () => {
  const openable = ROWS.filter(({ id, pillow }) => pillow !== undefined || OPENERS[id] !== undefined);
  assert.deepEqual(openable, ROWS);
});

test("rows alternate, and those that classify give the same labels on real pictures", async () => {
  const ids = ["ours", "ours-uint8", "baseline", "infer-float32"];
  const { results, order, own } = await runRows(ids, 1);
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
