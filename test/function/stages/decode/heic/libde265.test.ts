import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { test } from "node:test";
import { inspectImage } from "../../../../../src/function/stages/decode/header.ts";
import { EXPORTS, IMPORTS, openLibde265 } from "../../../../../src/function/stages/decode/heic/libde265.ts";
import { libheifModule, limitMemory } from "../../../../../src/function/stages/decode/heic/module.ts";
import { PROJECT_DIR } from "../../../harness.ts";

const require = createRequire(import.meta.url);
const tile = (name: string) => {
  const file = readFileSync(join(PROJECT_DIR, "test/fixtures/heic", name));
  return inspectImage(file, 1e8).heic?.full.tiles[0] ?? assert.fail("expected a tile");
};

test("after a reset the decoder decodes to the very same bytes, whatever was in its memory", async () => {
  const libde265 = openLibde265(await libheifModule(20_000_000)());
  const decode = (name: string) => {
    let samples: number[] = [];
    libde265.decode(tile(name), ({ components }) => {
      samples = components.flatMap((plane) => [...plane.samples]);
    });
    return samples;
  };
  const first = decode("still.heic");
  decode("444.heic");
  assert.throws(() =>
    libde265.decode(tile("10-bit.heic"), ({ components }) => {
      // As a picture that overruns its buffer would: everything behind it is overwritten.
      const [{ samples }] = components;
      new Uint8Array(samples.buffer, samples.byteOffset).fill(0xa5, 0, 2_000_000);
      throw new Error("left in the middle");
    }),
  );
  libde265.reset();
  assert.deepEqual(decode("still.heic"), first);
});

test("the names in libheif.wasm are those that Emscripten's JavaScript beside it uses", () => {
  const glue = readFileSync(require.resolve("libheif-js/libheif-wasm/libheif.js"), "utf8");
  const { memory, initialize, ...functions } = EXPORTS;
  for (const [name, short] of Object.entries(functions))
    assert.ok(glue.includes(`._${name}=a.${short},`), name);
  // What receives the instance takes its memory, and what has to run first, from it.
  assert.match(glue, new RegExp(`=a\\.${memory},\\w+\\(\\),\\w+=a\\.T,\\w+\\(a\\.${initialize}\\)`));
  const implementation = (short: string) => {
    const name = new RegExp(`[{,]${short}:(\\w+)[,}]`).exec(
      /\{b:\w+,k:\w+,[^}]*\}/.exec(glue)?.[0] ?? "",
    )?.[1];
    return new RegExp(`[,;} ]${name}=(\\([^)]*\\)|\\w+)=>.{90}`).exec(glue)?.[0] ?? "";
  };
  assert.match(implementation(IMPORTS.assertFailed), /Assertion failed/);
  assert.match(implementation(IMPORTS.throwException), /throw/);
  assert.match(implementation(IMPORTS.abort), /\(\)=>\{\w+\(""\)\}/);
  assert.match(implementation(IMPORTS.copy), /copyWithin/);
  assert.match(implementation(IMPORTS.grow), /\.length;\w+>>>=0/);
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
