import assert from "node:assert/strict";
import { test } from "node:test";
import { plain, RED } from "../../pictures.ts";
import { decodeImage } from "./pixels.ts";

const GEOMETRY = {
  resizeTo: { height: 40, width: 40 },
  crop: { height: 40, width: 40 },
  kernel: "nearest",
} as const;
const OPTIONS = { maxImagePixels: 1e6, applyIccProfile: false, backgroundColor: "#0000ff" };

test("a GIF whose opaque first frame leaves part of its canvas undrawn shows the background colour there", async () => {
  const gif = await plain(RED, 20, 20).gif({ colours: 2 }).toBuffer();
  const frame = gif.lastIndexOf(Buffer.from([0x2c, 0, 0, 0, 0, 20, 0, 20, 0]));
  gif.writeUInt16LE(40, 6);
  gif.writeUInt16LE(40, 8);
  gif.writeUInt16LE(10, frame + 1);
  gif.writeUInt16LE(10, frame + 3);
  const { image, raw } = await decodeImage(gif, GEOMETRY, OPTIONS);
  assert.deepEqual(image, { format: "gif", width: 40, height: 40 });
  const at = (x: number, y: number) => [...raw.pixels.subarray((y * 40 + x) * 3, (y * 40 + x) * 3 + 3)];
  assert.deepEqual(at(10, 10), [255, 0, 0]);
  assert.deepEqual(at(29, 29), [255, 0, 0]);
  for (const [x, y] of [
    [0, 0],
    [9, 20],
    [30, 20],
    [39, 39],
  ] as const)
    assert.deepEqual(at(x, y), [0, 0, 255]);
});

test("an image sequence in AVIF shows its primary image", async () => {
  const still = await plain(RED, 32, 32).avif({ quality: 90 }).toBuffer();
  const sequence = Buffer.from(still);
  sequence.write("avis", 8, "latin1");
  const [a, b] = [
    await decodeImage(still, GEOMETRY, OPTIONS),
    await decodeImage(sequence, GEOMETRY, OPTIONS),
  ];
  assert.deepEqual(b, a);
});
