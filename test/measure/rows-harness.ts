import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before } from "node:test";
import { buildFunction } from "../../src/local/build.ts";
import { PEERS_DIR } from "../../src/measure/peers.ts";
import { ROWS } from "../../src/measure/rows/catalog.ts";
import { findPython } from "../../src/measure/rows/pillow.ts";
import type { RowContext } from "../../src/measure/rows/row.ts";
import { alternateRounds, type RunningRow, startRow } from "../../src/measure/runner.ts";
import { modelVariants } from "../../src/measure/variants.ts";

export const MODEL_DIR = resolve(import.meta.dirname, "../../models/upload-triage");
export const PICTURES = ["photo-1.jpg", "document-2.jpg"].map((name) =>
  resolve(import.meta.dirname, "../fixtures", name),
);
export const python = findPython();
export let cacheDir: string;
export let context: RowContext;

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

/** Plays rows of the catalogue in alternated rounds. */
export async function runRows(ids: readonly string[], rounds: number) {
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
