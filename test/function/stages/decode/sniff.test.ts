import assert from "node:assert/strict";
import { test } from "node:test";
import { sniffFormat } from "../../../../src/function/stages/decode/sniff.ts";
import { plain, RED } from "../../pictures.ts";

for (const format of ["jpeg", "png", "webp", "gif", "avif"] as const) {
  test(`the first bytes of a ${format} picture tell its format`, async () => {
    const bytes = await plain(RED).toFormat(format).toBuffer();
    assert.equal(sniffFormat(bytes), format);
    assert.equal(sniffFormat(bytes.subarray(0, 32)), format);
  });
}

test("TIFF is told in both byte orders", () => {
  for (const start of ["II*\0\x08\0\0\0", "MM\0*\0\0\0\x08"])
    assert.equal(sniffFormat(Buffer.from(start, "latin1")), "tiff");
});

/** An ISO base media file's first box. */
function ftyp(major: string, compatible: readonly string[], minor = "\0\0\0\0"): Buffer {
  const box = Buffer.from(`\0\0\0\0ftyp${major}${minor}${compatible.join("")}`, "latin1");
  box.writeUInt32BE(box.length, 0);
  return box;
}

test("AVIF is told by its brands, major or compatible", () => {
  assert.equal(sniffFormat(ftyp("avif", [])), "avif");
  assert.equal(sniffFormat(ftyp("avis", ["msf1"])), "avif");
  assert.equal(sniffFormat(ftyp("mif1", ["mif1", "miaf", "avif"])), "avif");
});

test("HEIC is told by its brands, of images and of sequences", () => {
  for (const major of ["heic", "heix", "hevc", "hevx", "mif1", "msf1"])
    assert.equal(sniffFormat(ftyp(major, [])), "heic", major);
  assert.equal(sniffFormat(ftyp("xxxx", ["mif1", "heic"])), "heic");
});

test("other files with brands are no AVIF: HEIC, video, and one whose version number reads avif", () => {
  assert.equal(sniffFormat(ftyp("isom", ["iso2", "avc1", "mp41"])), undefined);
  assert.equal(sniffFormat(ftyp("heic", ["mif1"], "avif")), "heic");
  assert.equal(sniffFormat(Buffer.concat([ftyp("heic", ["mif1"]), Buffer.from("avif")])), "heic");
});

const OTHERS: Record<string, string> = {
  BigTIFF: "II+\0\x08\0\0\0",
  SVG: '<svg xmlns="http://www.w3.org/2000/svg"/>',
  PDF: "%PDF-1.7\n",
  BMP: "BM\x46\0\0\0\0\0",
  "JPEG XL": "\xff\x0a\xfa\x7f",
  "RIFF that is no WebP": "RIFF\0\0\0\0WAVEfmt ",
  "GIF without its version": "GIF80b\0\0",
  text: "hello, this is text",
  "a file shorter than a signature": "\x89PN",
  "no byte": "",
};

for (const [name, bytes] of Object.entries(OTHERS)) {
  test(`${name} is no served format`, () => {
    assert.equal(sniffFormat(Buffer.from(bytes, "latin1")), undefined);
  });
}
