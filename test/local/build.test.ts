import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { buildFunction, esbuildOptions } from "../../src/local/build.ts";
import { readFunctionTemplate, readTemplate } from "../../src/local/template.ts";

/** Every kilobyte is cold start. */
const MAX_BUNDLE_BYTES = 1_000_000;

let dir = "";
let built: { file: string; bytes: number };

before(async () => {
  dir = await mkdtemp(join(tmpdir(), "local-build-"));
  built = await buildFunction(dir);
});
after(() => rm(dir, { recursive: true, force: true }));

test("the build properties of the template reach esbuild", async () => {
  const { buildProperties } = readFunctionTemplate(await readTemplate());
  const { entryPoints, format, target, minify, external, outExtension, sourcemap } =
    esbuildOptions(buildProperties);
  assert.deepEqual(
    { entryPoints, format, target, minify, external, outExtension, sourcemap },
    {
      entryPoints: [
        "src/function/handler.ts",
        "src/function/heic-worker.ts",
        "src/function/decode-process.ts",
      ],
      format: "esm",
      target: ["node24"],
      minify: true,
      external: ["sharp", "onnxruntime-node", "koffi", "@julusian/jpeg-turbo", "libheif-js"],
      outExtension: { ".js": ".mjs" },
      sourcemap: true,
    },
  );
});

test("what a template does not say is as sam build has it", () => {
  const { bundle, platform, target, format, minify } = esbuildOptions({ EntryPoints: ["a.ts"] });
  assert.deepEqual(
    { bundle, platform, target, format, minify },
    { bundle: true, platform: "node", target: "es2020", format: "cjs", minify: true },
  );
});

for (const [properties, message] of [
  [{ EntryPoints: ["a.ts"], Minfy: true }, /BuildProperty Minfy, which sam build does not know/],
  [{ Minify: true }, /should have EntryPoints/],
  [{ EntryPoints: "a.ts" }, /EntryPoints should be a list of texts; it is "a.ts"/],
  [{ EntryPoints: ["a.ts"], Minify: "yes" }, /Minify should be true or false; it is "yes"/],
  [{ EntryPoints: ["a.ts"], Format: "amd" }, /Format should be one of iife, cjs, esm/],
  [{ EntryPoints: ["a.ts"], Banner: ["js"] }, /Banner should be a list of key=value/],
] as const) {
  test(`the build properties ${JSON.stringify(properties)} are refused`, () => {
    assert.throws(() => esbuildOptions(properties), message);
  });
}

test("the bundle is small; its source map and the other entries stand beside it, and nothing else is written", async () => {
  assert.ok(built.bytes < MAX_BUNDLE_BYTES, `${built.bytes} bytes`);
  assert.deepEqual((await readdir(dir)).sort(), [
    "decode-process.mjs",
    "decode-process.mjs.map",
    "handler.mjs",
    "handler.mjs.map",
    "heic-worker.mjs",
    "heic-worker.mjs.map",
  ]);
  assert.equal(built.file, join(dir, "handler.mjs"));
});

test("the native packages and the sources of other rooms are not in the bundle", async () => {
  const { sources } = JSON.parse(await readFile(`${built.file}.map`, "utf8")) as { sources: string[] };
  const foreign = sources.filter((path) =>
    /node_modules\/(sharp|@img|onnxruntime)|src\/(local|models|measure)\//.test(path),
  );
  assert.deepEqual(foreign, []);
});
