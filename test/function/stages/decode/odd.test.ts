import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { realData } from "../../../real-data.ts";
import { decodeImage } from "./pixels.ts";

const GEOMETRY = {
  resizeTo: { height: 100, width: 100 },
  crop: { height: 100, width: 100 },
  kernel: "linear",
} as const;
const OPTIONS = { maxImagePixels: 50_000_000, applyIccProfile: false, backgroundColor: "#00ff00" };

/** File → how it ends. */
const RIGHT = {
  "jpeg/ok.jpg": "classified",
  "jpeg/samsung-sos-se0.jpg": "classified",
  "jpeg/two-bytes-before-dqt.jpg": "classified",
  "jpeg/jfif-2.01.jpg": "classified",
  "jpeg/no-eoi.jpg": "classified",
  "jpeg/mjpeg-no-dht.jpg": "classified",
  "jpeg/crlf-damage.jpg": "INVALID_IMAGE",
  "gif/small-frame-opaque.gif": "classified",
  "gif/second-frame-broken.gif": "classified",
  "avif/animated.avif": "classified",
  "png/icc-too-short.png": "classified",
  "png/png-exif-6.png": "classified",
  "png/text-bad-crc.png": "classified",
  "png/idat-bad-crc.png": "INVALID_IMAGE",
  // A HEIC, but only its beginning.
  "heic-named.jpg": "INVALID_IMAGE",
  "mp4-named.jpg": "UNSUPPORTED_FORMAT",
  "tiff-named.jpg": "UNSUPPORTED_FORMAT",
} as const;

const decode = async (name: string) =>
  decodeImage(await readFile(realData(`odd/${name}`) ?? ""), GEOMETRY, OPTIONS);

for (const [name, outcome] of Object.entries(RIGHT)) {
  const skip = realData(`odd/${name}`) === undefined && `needs odd/${name}`;
  test(`the odd file ${name} is ${outcome}`, { skip }, async () => {
    if (outcome !== "classified") return assert.rejects(decode(name), { code: outcome });
    assert.equal((await decode(name)).raw.pixels.length, 100 * 100 * 3);
  });
}

const skip = realData("odd/jpeg/ok.jpg") === undefined && "needs odd/jpeg";
test("mended JPEGs have the very pixels of the one they were made from", { skip }, async () => {
  const { raw } = await decode("jpeg/ok.jpg");
  for (const name of ["samsung-sos-se0", "two-bytes-before-dqt", "jfif-2.01", "no-eoi"]) {
    assert.deepEqual((await decode(`jpeg/${name}.jpg`)).raw.pixels, raw.pixels, name);
  }
});
