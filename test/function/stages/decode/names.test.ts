import assert from "node:assert/strict";
import { test } from "node:test";
import { inspectImage } from "../../../../src/function/stages/decode/header.ts";
import { nameContent } from "../../../../src/function/stages/decode/names.ts";

const NAMES: readonly (readonly [bytes: string, name: RegExp])[] = [
  ["\0\0\0\x18ftypheic\0\0\0\0mif1heic", /^HEIC image/],
  ["\0\0\0\x18ftypisom\0\0\0\0iso2mp41", /^MP4 video$/],
  ["\0\0\0\x14ftypqt  \0\0\0\0qt  ", /^QuickTime video$/],
  ["II*\0\x08\0\0\0", /^TIFF image$/],
  ["MM\0*\0\0\0\x08", /^TIFF image$/],
  ["%PDF-1.7\n", /^PDF document$/],
  ["\x1f\x8b\x08\0", /^gzip file$/],
  ["PK\x03\x04\x14\0", /^ZIP archive/],
  ["RIFF\x24\0\0\0WAVEfmt ", /^WAV audio$/],
  ["\n<!-- page --><!DOCTYPE html><html>", /^HTML page$/],
  ["\xef\xbb\xbf<html lang='en'>", /^HTML page$/],
  ['<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>', /^SVG drawing$/],
  ['<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', /^XML document$/],
  ["version https://git-lfs.github.com/spec/v1\noid sha256:00", /^Git LFS pointer/],
  ['{"error": "not found"}', /^JSON or other text$/],
  ["hello", /^plain text \(it begins with 68656c6c6f\)$/],
  ["\x01\x02\x03\x04\x05\x06\x07\x08\x09", /^bytes of no known kind \(they begin with 0102030405060708\)$/],
];

for (const [bytes, name] of NAMES) {
  test(`a rejection of ${JSON.stringify(bytes.slice(0, 16))} says ${name.source}`, () => {
    const file = Buffer.from(bytes, "latin1");
    assert.match(nameContent(file), name);
    assert.throws(
      () => inspectImage(file, 1e6, ["jpeg", "png"]),
      (error: Error & { code?: string }) =>
        error.code === "UNSUPPORTED_FORMAT" &&
        error.message.startsWith(`expected a JPEG or PNG image, got: ${nameContent(file)}`),
    );
  });
}

test("a rejection of a format that is known but not accepted says which setting to look at", () => {
  for (const [bytes, name] of [
    ["\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC image (as iPhones make them)"],
    ["GIF89a\x01\0\x01\0", "GIF image"],
  ] as const) {
    assert.throws(() => inspectImage(Buffer.from(bytes, "latin1"), 1e6, ["jpeg", "webp"]), {
      code: "UNSUPPORTED_FORMAT",
      message: `expected a JPEG or WebP image, got: ${name}, which is not in FORMATS`,
    });
  }
});
