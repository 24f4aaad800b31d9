import assert from "node:assert/strict";
import { test } from "node:test";
import type { Config } from "../../src/function/config.ts";
import { assertMemory, worstCaseBytes } from "../../src/function/memory.ts";
import { testConfig } from "./harness.ts";

test("settings that can need more memory than the function has are refused, with both numbers", () => {
  const config = testConfig({ memorySizeMb: 512 });
  const needed = Math.ceil(worstCaseBytes(config) / 2 ** 20);
  assert.throws(
    () => assertMemory(config),
    (error: Error) => error.message.includes(`${needed} MB`) && error.message.includes("has 512 MB"),
  );
});

test("the defaults fit the template's memory, and 512 MB fit 4 megapixels", () => {
  assertMemory(testConfig({ memorySizeMb: 1769 }));
  assertMemory(testConfig({ memorySizeMb: 512, maxImagePixels: 4_000_000 }));
});

test("outside Lambda nobody says how much memory there is, and nothing is refused", () => {
  assertMemory(testConfig({ memorySizeMb: 0, maxImagePixels: 1_000_000_000 }));
});

for (const field of ["decodesInFlight", "fileMemoryMb", "maxImagePixels"] as const) {
  test(`more ${field} need more memory`, () => {
    const config = testConfig();
    const more = { ...config, [field]: config[field] * 2 };
    assert.ok(worstCaseBytes(more) > worstCaseBytes(config));
  });
}

test("HEIC needs a thread, and above one vCPU two", () => {
  const needed = (memorySizeMb: number, formats: Config["formats"]) =>
    worstCaseBytes(testConfig({ memorySizeMb, formats }));
  const [one, two] = [1769, 3538].map((mb) => needed(mb, ["jpeg", "heic"]) - needed(mb, ["jpeg"]));
  assert.ok(one !== undefined && two !== undefined && one > 0);
  assert.ok(two > one && two < 2 * one, "the decoder of thumbnails is one");
});
