import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { deflateSync } from "node:zlib";
import { withoutTexts } from "../../../../src/function/stages/decode/headers/png.ts";
import { plainPng, pngChunk } from "../../../hostile/containers.ts";
import { writeTinyModel } from "../../tiny-model.ts";

const run = promisify(execFile);

/** A text of the most that libpng inflates. */
function text(type: "zTXt" | "iTXt"): Buffer {
  const start = type === "zTXt" ? "Comment\0\0" : "XML:com.adobe.xmp\0\x01\0\0\0";
  return pngChunk(
    type,
    Buffer.concat([Buffer.from(start, "latin1"), deflateSync(Buffer.alloc(7_900_000, "a"))]),
  );
}

for (const type of ["zTXt", "iTXt"] as const)
  test(`what a PNG says in 200 chunks ${type} is never inflated`, {
    skip: process.platform !== "linux" && "needs /proc",
  }, async (t) => {
    const dir = await writeTinyModel(t);
    const file = join(dir, "texts.png");
    await writeFile(file, plainPng(64, 64, 8, Array(200).fill(text(type))));
    const script = join(import.meta.dirname, "peak.ts");
    const { stdout } = await run(process.execPath, [script, dir, file, "1", "1000000"]);
    const mib = Number(stdout) / 2 ** 20;
    assert.ok(mib < 100, `${mib.toFixed(0)} MiB`);
  });

test("a PNG loses its texts, wherever they stand, and nothing else", () => {
  const plain = plainPng(8, 8);
  assert.equal(withoutTexts(plain), plain);
  const texts = ["tEXt", "zTXt", "iTXt"].map((type) => pngChunk(type, Buffer.from("any")));
  assert.deepEqual(withoutTexts(plainPng(8, 8, 8, texts)), plain);
  const end = plain.length - 12;
  const behind = Buffer.concat([plain.subarray(0, end), ...texts, plain.subarray(end)]);
  assert.deepEqual(withoutTexts(behind), plain);
  const cut = Buffer.concat([plain, pngChunk("tEXt", Buffer.alloc(100)).subarray(0, 50)]);
  assert.deepEqual(withoutTexts(cut), plain);
});
