import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import sharp from "sharp";
import { readJpegSize } from "../../../../src/function/stages/decode/jpeg-header.ts";
import { seededRandom } from "../../../../src/measure/random.ts";
import { fixture } from "../../harness.ts";

const canvas = (width = 37, height = 23) =>
  sharp({ create: { width, height, channels: 3, background: "#aa5522" } });

test("the size of ordinary JPEGs is read without libvips", async () => {
  const ordinary = [
    canvas().jpeg(),
    canvas().jpeg({ progressive: true }),
    canvas().jpeg({ chromaSubsampling: "4:4:4", optimiseCoding: false }),
    canvas().withIccProfile("p3").jpeg(),
    canvas().toColourspace("b-w").jpeg(),
  ];
  for (const picture of ordinary) {
    const bytes = await picture.toBuffer();
    assert.deepEqual(readJpegSize(bytes), { width: 37, height: 23 });
  }
});

test("what may be turned, is CMYK or has no whole header is left to libvips", async () => {
  const bytes = await canvas().jpeg().toBuffer();
  assert.equal(readJpegSize(await canvas().withMetadata({ orientation: 6 }).jpeg().toBuffer()), undefined);
  assert.equal(readJpegSize(await canvas().toColourspace("cmyk").jpeg().toBuffer()), undefined);
  for (const length of [0, 2, 3, 20, 100]) assert.equal(readJpegSize(bytes.subarray(0, length)), undefined);
});

test("fixtures have the size that libvips tells", async () => {
  const names = await readdir(join(import.meta.dirname, "../../../fixtures"));
  for (const name of names.filter((file) => file.endsWith(".jpg"))) {
    const bytes = await fixture(name);
    const { width, height } = (await sharp(bytes).metadata()).autoOrient;
    assert.deepEqual(readJpegSize(bytes) ?? { width, height }, { width, height }, name);
  }
});

test("no damaged header gives another size than libvips reads", async () => {
  const whole = await canvas(120, 80).withIccProfile("srgb").jpeg().toBuffer();
  const random = seededRandom(1);
  let compared = 0;
  for (let trial = 0; trial < 400; trial++) {
    const bytes = Buffer.from(whole);
    for (let change = 0; change < 3; change++)
      bytes[2 + Math.floor(random() * 700)] = Math.floor(random() * 256);
    const size = readJpegSize(bytes);
    const told = await sharp(bytes, { limitInputPixels: false })
      .metadata()
      .catch(() => undefined);
    if (size === undefined || told === undefined) continue;
    compared++;
    assert.deepEqual(size, { width: told.autoOrient.width, height: told.autoOrient.height });
  }
  assert.ok(compared > 50, `${compared} damaged pictures were readable`);
});
