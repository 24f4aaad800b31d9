import assert from "node:assert/strict";
import { test } from "node:test";
import { inspectImage } from "../../../../src/function/stages/decode/header.ts";
import { plain, RED } from "../../pictures.ts";

test("the header tells format, size as a viewer shows it, and pixels", async () => {
  const bytes = await plain(RED, 30, 20).withMetadata({ orientation: 6 }).jpeg().toBuffer();
  const { image, pixels } = inspectImage(bytes, 1000);
  assert.deepEqual(
    { image, pixels },
    {
      image: { format: "jpeg", width: 20, height: 30 },
      pixels: 600,
    },
  );
});

test("the header tells a CMYK picture", async () => {
  const bytes = await plain(RED).toColourspace("cmyk").jpeg().toBuffer();
  assert.equal(inspectImage(bytes, 1000).isCmyk, true);
});

test("nothing is decoded: a picture whose pixels are missing has a good header", async () => {
  const bytes = await plain(RED, 300, 200).png().toBuffer();
  const { pixels } = inspectImage(bytes.subarray(0, bytes.length - 40), 100_000);
  assert.equal(pixels, 60_000);
});
