import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { type Bundle, keepBundle, moveSourceMap } from "../../src/local/bundle-cache.ts";

test("a bundle is made once for the same options and bytes, and anew when either changes", async (t) => {
  const dir = await mkdtemp(join(tmpdir(), "bundle-cache-"));
  t.after(() => rm(dir, { recursive: true, force: true }));
  const [file, input] = [join(dir, "cache/function.json"), join(dir, "input.ts")];
  await writeFile(input, "1");
  let made = 0;
  const bundle = async (): Promise<Bundle> => {
    made += 1;
    return { files: { "a.mjs": await readFile(input, "utf8") }, entry: "a.mjs", inputs: [input] };
  };
  const get = async (minify: boolean) => (await keepBundle({ minify }, bundle, file)).files["a.mjs"];
  assert.deepEqual([await get(true), await get(true), made], ["1", "1", 1]);
  const { mtime, atime } = await stat(input);
  await writeFile(input, "2");
  await utimes(input, atime, mtime);
  assert.deepEqual([await get(true), made], ["2", 2], "another content of the same length and time");
  await get(false);
  assert.equal(made, 3, "other options");
  await rm(input);
  await assert.rejects(get(false), /ENOENT/, "what is gone is not taken from before");
});

test("a source map that is written elsewhere names the same sources", () => {
  const moved = JSON.parse(moveSourceMap('{"sources":["../../src/a.ts"],"mappings":""}', "/x/y/a.mjs.map"));
  assert.equal(join("/x/y", moved.sources[0]), join(import.meta.dirname, "../../src/a.ts"));
});
