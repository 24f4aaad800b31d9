import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { plain } from "../../pictures.ts";
import { writeTinyModel } from "../../tiny-model.ts";

const run = promisify(execFile);
const SIDE = 2400;

test("four large AVIF images at once take the memory of one, not of four", {
  skip: process.platform !== "linux" && "needs /proc",
}, async (t) => {
  const dir = await writeTinyModel(t);
  const file = join(dir, "large.avif");
  await writeFile(file, await plain([90, 120, 30], SIDE, SIDE).avif({ effort: 0 }).toBuffer());
  const peakOf = async (count: number, lanePixels: number) => {
    const script = join(import.meta.dirname, "peak.ts");
    const { stdout } = await run(process.execPath, [script, dir, file, String(count), String(lanePixels)], {
      // As in template.yaml: with an arena per thread freed memory stays where the next image does not look.
      env: { ...process.env, MALLOC_ARENA_MAX: "2" },
    });
    return Number(stdout);
  };
  const one = await peakOf(1, SIDE ** 2);
  const inLane = await peakOf(4, SIDE ** 2);
  const together = await peakOf(4, 4 * SIDE ** 2);
  const shown = [one, inLane, together].map((bytes) => `${(bytes / 2 ** 20).toFixed(0)} MiB`).join(", ");
  t.diagnostic(`one, four in the lane, four at once: ${shown}`);
  // What the allocator keeps differs from run to run: nearer to one than to four at once.
  assert.ok(inLane < (one + together) / 2, shown);
  assert.ok(together > one * 1.5, shown);
});
