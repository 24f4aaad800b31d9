import assert from "node:assert/strict";
import { test } from "node:test";
import sharp from "sharp";
import { pngChunk } from "../../../hostile/containers.ts";
import { avifOf, box, clap, ispe, still } from "../../../hostile/heif.ts";
import { BLUE, drawn, RED } from "../../pictures.ts";
import { decodeImage } from "./pixels.ts";

const OPTIONS = { maxImagePixels: 1_000_000, applyIccProfile: false, backgroundColor: "#00ff00" };

/** Left half red, right half blue: after EXIF's 6, a quarter turn to the right, red is above. */
const halves = () => drawn(32, 16, (x) => (x < 16 ? RED : BLUE));

test("a PNG's eXIf is applied, before the pixels and after them", async () => {
  const plain = await halves().png().toBuffer();
  const tiff = Buffer.from("4d4d002a000000080001011200030000000100060000" + "00000000", "hex");
  const exif = pngChunk("eXIf", tiff);
  const idat = plain.indexOf("IDAT") - 4;
  const iend = plain.indexOf("IEND") - 4;
  for (const at of [idat, iend]) {
    const file = Buffer.concat([plain.subarray(0, at), exif, plain.subarray(at)]);
    const geometry = { resizeTo: { height: 32, width: 16 }, crop: undefined, kernel: "nearest" } as const;
    const { image, raw } = await decodeImage(file, geometry, OPTIONS);
    assert.deepEqual([image.width, image.height], [16, 32]);
    assert.deepEqual([...raw.pixels.subarray(0, 3)], [...RED], `eXIf at ${at}`);
    assert.deepEqual([...raw.pixels.subarray(-3)], [...BLUE], `eXIf at ${at}`);
  }
});

test("an AVIF with a crop and alpha shows what lies in the crop; one with alpha cropped otherwise is unsupported", async () => {
  const side = 64;
  const colours = await drawn(side, side, (x) => (x < side / 2 ? RED : BLUE))
    .avif({ quality: 90 })
    .toBuffer();
  const opaque = await sharp({ create: { width: side, height: side, channels: 3, background: "white" } })
    .toColourspace("b-w")
    .avif({ quality: 90 })
    .toBuffer();
  const [image, alpha] = [still(colours), still(opaque)];
  const auxC = box("auxC", Buffer.from("\0\0\0\0urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0"));
  const of = (...cropsOfAlpha: number[]) =>
    avifOf(
      [
        { type: "av01", properties: [1, 2, 3], data: image.data },
        { type: "av01", properties: [1, 4, 5, ...cropsOfAlpha], data: alpha.data },
      ],
      [ispe(side, side), image.configuration, clap(48, 32), alpha.configuration, auxC, clap(32, 32)],
      [["auxl", 2, [1]]],
    );
  const geometry = { resizeTo: { height: 32, width: 48 }, crop: undefined, kernel: "nearest" } as const;
  const file = of(3);
  // libvips would stretch it.
  for (const other of [of(), of(6)])
    await assert.rejects(async () => decodeImage(other, geometry, OPTIONS), {
      code: "UNSUPPORTED_FORMAT",
      message: "the avif header cannot be read: expected alpha to be cropped (clap) as its image is",
    });
  const { image: shown, raw } = await decodeImage(file, geometry, OPTIONS);
  assert.deepEqual([shown.width, shown.height], [48, 32]);
  const at = (x: number, y: number) => [...raw.pixels.subarray((y * 48 + x) * 3, (y * 48 + x) * 3 + 3)];
  for (const [x, colour] of [
    [4, RED],
    [43, BLUE],
  ] as const) {
    for (const y of [3, 28]) {
      const apart = Math.max(...at(x, y).map((value, i) => Math.abs(value - (colour[i] ?? 0))));
      assert.ok(apart < 40, `${at(x, y)} at ${x}, ${y}`);
    }
  }
});
