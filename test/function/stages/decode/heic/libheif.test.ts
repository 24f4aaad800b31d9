import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { test } from "node:test";
import { inspectImage } from "../../../../../src/function/stages/decode/header.ts";
import { openLibheif } from "../../../../../src/function/stages/decode/heic/libheif.ts";
import { compileLibheif, limitMemory } from "../../../../../src/function/stages/decode/heic/module.ts";
import { PROJECT_DIR } from "../../../harness.ts";

const require = createRequire(import.meta.url);
const factory = require("libheif-js/libheif-wasm/libheif.js");
const tile = (name: string) => {
  const file = readFileSync(join(PROJECT_DIR, "test/fixtures/heic", name));
  return inspectImage(file, 1e8).heic?.full.tiles[0] ?? assert.fail("expected a tile");
};

test("after a reset the decoder decodes to the very same bytes, whatever was in its memory", async () => {
  const libheif = await openLibheif(factory, await compileLibheif(2 ** 28));
  const decode = (name: string) => {
    let samples: number[] = [];
    libheif.decode(tile(name), ({ components }) => {
      samples = components.flatMap((plane) => [...plane.samples]);
    });
    return samples;
  };
  const first = decode("still.heic");
  decode("444.heic");
  libheif.decode(tile("10-bit.heic"), ({ components }) => {
    // As a picture that overruns its buffer would: everything behind it is overwritten.
    const [{ samples }] = components;
    new Uint8Array(samples.buffer, samples.byteOffset).fill(0xa5, 0, 2_000_000);
    libheif.reset();
    assert.deepEqual(decode("still.heic"), first);
    libheif.reset();
  });
  assert.deepEqual(decode("still.heic"), first);
});

test("a module's memory ends where it is told, and its other bytes stay", async () => {
  const bytes = readFileSync(require.resolve("libheif-js/libheif-wasm/libheif.wasm"));
  const limited = Buffer.from(bytes);
  limitMemory(limited, 300);
  const apart = bytes.filter((byte, i) => byte !== limited[i]).length;
  assert.ok(apart >= 1 && apart <= 3, `${apart} bytes differ`);
  assert.equal(limited.length, bytes.length);
  // Not below what the module needs to begin.
  assert.doesNotThrow(() => limitMemory(limited, 1));
  assert.throws(() => limitMemory(Buffer.alloc(20), 300), /expected a WebAssembly module/);
});
