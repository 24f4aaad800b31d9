import assert from "node:assert/strict";
import { test } from "node:test";
import sharp from "sharp";
import { animation, BLUE, drawn, GREEN, plain, plainPng, RED } from "../../pictures.ts";
import { decodeImage } from "./pixels.ts";

const OPTIONS = { maxImagePixels: 1_000_000, applyIccProfile: false, backgroundColor: "#ffffff" };
const GEOMETRY = { resizeTo: { height: 8, width: 8 }, crop: undefined, kernel: "lanczos3" } as const;
const decode = (bytes: Uint8Array, options = OPTIONS) => decodeImage(bytes, GEOMETRY, options);

for (const format of ["jpeg", "png", "webp", "gif", "avif"] as const) {
  test(`a ${format} picture is decoded to 8-bit R, G, B without padding`, async () => {
    const { image, raw } = await decode(await plain([200, 100, 50], 30, 20).toFormat(format).toBuffer());
    assert.deepEqual(image, { format, width: 30, height: 20 });
    const { pixels, ...shape } = raw;
    assert.deepEqual(shape, { height: 8, width: 8, channels: 3 });
    assert.equal(pixels.length, 8 * 8 * 3);
    for (const [index, value] of pixels.entries()) {
      const expected = [200, 100, 50][index % 3] ?? 0;
      assert.ok(Math.abs(value - expected) <= 4, `${value} at ${index}, expected ${expected}`);
    }
  });
}

test("progressive JPEG, interlaced PNG and lossless WebP have the pixels of their plain siblings", async () => {
  const picture = () => drawn(40, 30, (x, y) => [x * 6, y * 8, 128]);
  const { raw } = await decode(await picture().png().toBuffer());
  const files = [
    [picture().jpeg({ progressive: true, quality: 100 }), 3],
    [picture().png({ progressive: true }), 0],
    [picture().webp({ lossless: true }), 1],
  ] as const;
  for (const [file, tolerance] of files) {
    const { image, raw: own } = await decode(await file.toBuffer());
    assert.deepEqual([image.width, image.height], [40, 30]);
    const worst = own.pixels.reduce(
      (most, value, i) => Math.max(most, Math.abs(value - (raw.pixels[i] ?? 0))),
      0,
    );
    assert.ok(worst <= tolerance, `${image.format}: ${worst} levels`);
  }
});

for (const format of ["gif", "webp"] as const) {
  test(`the first frame stands for an animated ${format}`, async () => {
    const bytes = await animation([RED, GREEN, BLUE]).toFormat(format).toBuffer();
    assert.equal((await sharp(bytes).metadata()).pages, 3);
    const { image, raw } = await decode(bytes);
    assert.deepEqual(image, { format, width: 8, height: 8 });
    const [r = 0, g = 0, b = 0] = raw.pixels;
    assert.ok(r > 240 && g < 10 && b < 10, `${r} ${g} ${b}`);
  });
}

const SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"><rect width="8" height="8"/></svg>';
const BLOCKED: Record<string, () => Buffer | Promise<Buffer>> = {
  TIFF: () => plain(RED).tiff().toBuffer(),
  SVG: () => Buffer.from(SVG),
  PDF: () => Buffer.from("%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\n%%EOF"),
  BMP: () => Buffer.from("BM\x46\0\0\0\0\0\0\0\x36\0\0\0", "latin1"),
  text: () => Buffer.from("a text that is named picture.jpg"),
};

for (const [format, make] of Object.entries(BLOCKED)) {
  test(`${format} is UNSUPPORTED_FORMAT, and not retried`, async () => {
    await assert.rejects(decode(await make()), { code: "UNSUPPORTED_FORMAT", retryable: false });
  });
}

test("the loaders of formats that are not served are closed to the whole process", async () => {
  for (const bytes of [await plain(RED).tiff().toBuffer(), Buffer.from(SVG)]) {
    await assert.rejects(sharp(bytes).metadata());
  }
});

test("a picture that ends early is INVALID_IMAGE in every format", async () => {
  for (const format of ["jpeg", "png", "webp", "gif"] as const) {
    const noisy = drawn(200, 200, (x, y) => [(x * 37 + y * 91) % 256, (x * y) % 256, (x * 13) % 256]);
    const bytes = await noisy.toFormat(format).toBuffer();
    const half = bytes.subarray(0, bytes.length / 2);
    await assert.rejects(decode(half), { code: "INVALID_IMAGE", retryable: false }, format);
  }
});

test("bytes that only begin like a picture are INVALID_IMAGE", async () => {
  const starts = [
    "\xff\xd8\xff",
    "\x89PNG\r\n\x1a\n",
    "GIF89a",
    "RIFF\x10\0\0\0WEBP",
    "\0\0\0\x14ftypavif\0\0\0\0avif",
  ];
  for (const start of starts) {
    const bytes = Buffer.concat([Buffer.from(start, "latin1"), Buffer.from("and then only text follows it")]);
    await assert.rejects(decode(bytes), { code: "INVALID_IMAGE" }, JSON.stringify(start));
  }
});

test("a picture of MAX_IMAGE_PIXELS is decoded, one pixel row more is IMAGE_TOO_LARGE with its size", async () => {
  const options = { ...OPTIONS, maxImagePixels: 400 };
  const { image } = await decode(await plainPng(RED, 20, 20), options);
  assert.deepEqual([image.width, image.height], [20, 20]);
  await assert.rejects(decode(await plainPng(RED, 20, 21), options), {
    code: "IMAGE_TOO_LARGE",
    retryable: false,
    message: /400 pixels \(MAX_IMAGE_PIXELS\), got 20 × 21 = 420/,
  });
});

test("a box that claims more bytes than there are is the image's fault, though libheif calls it memory", async () => {
  const avif = await sharp({ create: { width: 64, height: 64, channels: 3, background: "red" } })
    .avif({ effort: 0 })
    .toBuffer();
  const mdat = avif.lastIndexOf("mdat") - 4;
  // A 64-bit size that nobody has.
  const lying = Buffer.from(avif);
  lying.writeUInt32BE(1, mdat);
  await assert.rejects(decodeImage(lying, GEOMETRY, OPTIONS), { code: "INVALID_IMAGE" });
});
