import assert from "node:assert/strict";
import { test } from "node:test";
import { inspectImage } from "../../../../src/function/stages/decode/header.ts";
import { drawn } from "../../pictures.ts";
import { decodeImage } from "./pixels.ts";

const GEOMETRY = {
  resizeTo: { height: 48, width: 64 },
  crop: { height: 48, width: 64 },
  kernel: "linear",
} as const;
const OPTIONS = { maxImagePixels: 1e6, applyIccProfile: false, backgroundColor: "#ffffff" };
const WHOLE = await drawn(64, 48, (x, y) => [x * 4, y * 5, (x * y) % 256])
  .jpeg()
  .toBuffer();

const pixelsOf = async (bytes: Uint8Array) => (await decodeImage(bytes, GEOMETRY, OPTIONS)).raw.pixels;
/** Where the marker's 0xff stands. */
const at = (code: number) => WHOLE.indexOf(Buffer.from([0xff, code]));
const insertedBefore = (code: number, bytes: readonly number[]) =>
  Buffer.concat([WHOLE.subarray(0, at(code)), Buffer.from(bytes), WHOLE.subarray(at(code))]);
const patched = (offset: number, values: readonly number[]) => {
  const copy = Buffer.from(WHOLE);
  copy.set(values, offset);
  return copy;
};
const JFIF = Buffer.from("\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0", "latin1");
const JFIF_2 = Buffer.from("\xff\xe0\0\x10JFIF\0\x02\x01\0\0\x01\0\x01\0\0", "latin1");
const scanDataStart = at(0xda) + 2 + WHOLE.readUInt16BE(at(0xda) + 2);

const HARMLESS: readonly (readonly [name: string, file: Buffer, warning: RegExp])[] = [
  ["no end marker", WHOLE.subarray(0, -2), /^no end marker$/],
  [
    "two stray bytes before a table",
    Buffer.concat([WHOLE.subarray(0, 2), JFIF, Buffer.from([1, 2]), WHOLE.subarray(2)]),
    /^2 stray bytes before the marker 0xdb$/,
  ],
  ["zeros between two tables", insertedBefore(0xc4, [0, 0]), /^2 stray bytes before the marker 0xc4$/],
  ["scan parameters 0, 0", patched(scanDataStart - 3, [0, 0, 0]), /^scan parameters/],
  [
    "JFIF version 2.01",
    Buffer.concat([WHOLE.subarray(0, 2), JFIF_2, WHOLE.subarray(2)]),
    /^JFIF version 2\.1$/,
  ],
  ["a line break in front", Buffer.concat([Buffer.from("\r\n"), WHOLE]), /^2 bytes before the start/],
  ["a byte order mark in front", Buffer.concat([Buffer.from("\ufeff"), WHOLE]), /^3 bytes before the start/],
];

for (const [name, file, warning] of HARMLESS) {
  test(`a JPEG with ${name} has every pixel of the whole one, and a warning`, async () => {
    assert.deepEqual(await pixelsOf(file), await pixelsOf(WHOLE));
    const { warnings } = inspectImage(file, 1e6);
    assert.equal(warnings.length, 1);
    assert.match(warnings[0] ?? "", warning);
  });
}

test("a JPEG without a fault is decoded as it is, without a copy", () => {
  const header = inspectImage(WHOLE, 1e6);
  assert.equal(header.file.buffer, WHOLE.buffer);
  assert.deepEqual(header.warnings, []);
});

test("pixels that are missing are missed, with an end marker or without", async () => {
  const half = WHOLE.subarray(0, scanDataStart + 40);
  for (const file of [half, Buffer.concat([half, Buffer.from([0xff, 0xd9])])]) {
    await assert.rejects(pixelsOf(file), { code: "INVALID_IMAGE" });
  }
});

test("line breaks that a text-mode transfer put in are damage", async () => {
  const text = WHOLE.toString("latin1").replaceAll("\n", "\r\n");
  assert.notEqual(text.length, WHOLE.length);
  await assert.rejects(pixelsOf(Buffer.from(text, "latin1")), { code: "INVALID_IMAGE" });
});

test("a height in a DNL segment and 12 bits per sample are named as unsupported", () => {
  const frame = at(0xc0);
  assert.throws(() => inspectImage(patched(frame + 5, [0, 0]), 1e6), {
    code: "UNSUPPORTED_FORMAT",
    message: /DNL segment/,
  });
  assert.throws(() => inspectImage(patched(frame + 4, [12]), 1e6), {
    code: "UNSUPPORTED_FORMAT",
    message: /8 bits per sample, got 12/,
  });
});
