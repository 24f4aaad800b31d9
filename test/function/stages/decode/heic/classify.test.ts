import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { createClassifier } from "../../../../../src/function/classifier.ts";
import type { Config } from "../../../../../src/function/config.ts";
import { phonePhotograph } from "../../../../fixtures/heic/generate.ts";
import { realData } from "../../../../real-data.ts";
import { PROJECT_DIR, testConfig, triageModel } from "../../../harness.ts";

const fixture = (name: string) => readFileSync(join(PROJECT_DIR, "test/fixtures/heic", name));
const classifierOf = async (changes: Partial<Config> = {}) =>
  createClassifier(await triageModel(), testConfig({ topK: 7, ...changes }));

/** The JPEG that the same phone would have made: numbers, profile and turn alike. */
async function twin(): Promise<Buffer> {
  const { pixels } = await phonePhotograph();
  return pixels.jpeg({ quality: 92 }).withMetadata({ orientation: 6 }).toBuffer();
}

test("a HEIC as phones make it is classified like its JPEG twin, by its thumbnail and in full", async () => {
  const [jpeg, heic] = [await twin(), fixture("phone.heic")];
  const byThumbnail = await classifierOf();
  const inFull = await classifierOf({ heicThumbnailPercent: 400 });
  const expected = await byThumbnail.classify(jpeg);
  const scoresOf = (predictions: typeof expected.predictions) =>
    new Map(predictions.map(({ label, score }) => [label, score]));
  for (const [classifier, most] of [
    [byThumbnail, 0.1],
    [inFull, 0.05],
  ] as const) {
    const { image, predictions } = await classifier.classify(heic);
    assert.deepEqual(image, { ...expected.image, format: "heic" });
    assert.equal(predictions[0]?.label, expected.predictions[0]?.label);
    const scores = scoresOf(predictions);
    for (const [label, score] of scoresOf(expected.predictions)) {
      const apart = Math.abs(score - (scores.get(label) ?? Number.NaN));
      assert.ok(apart <= most, `${label}: ${apart} apart`);
    }
  }
});

test("ten HEICs at once are classified as each alone, in one thread", async () => {
  const classifier = await classifierOf({ memorySizeMb: 1769, heicThumbnailPercent: 400 });
  const files = ["still", "444", "gray", "10-bit", "odd-size", "still", "444", "gray", "10-bit", "still"].map(
    (name) => fixture(`${name}.heic`),
  );
  const together = await Promise.all(files.map((file) => classifier.classify(file)));
  for (const [index, file] of files.entries()) {
    assert.deepEqual((await classifier.classify(file)).predictions, together[index]?.predictions);
  }
});

test("the pixels of the image count against MAX_IMAGE_PIXELS, whatever is decoded of it", async () => {
  const classifier = await classifierOf({ maxImagePixels: 12_000_000 });
  await assert.rejects(classifier.classify(fixture("phone.heic")), { code: "IMAGE_TOO_LARGE" });
});

test("where HEIC is not in FORMATS, a HEIC is rejected by name, and no other image is", async () => {
  const classifier = await classifierOf({ formats: ["png"] });
  await assert.rejects(classifier.classify(fixture("phone.heic")), {
    code: "UNSUPPORTED_FORMAT",
    message: "expected a PNG image, got: HEIC image (as iPhones make them), which is not in FORMATS",
  });
  const png = readFileSync(join(PROJECT_DIR, "test/fixtures/chart-1.png"));
  assert.equal((await classifier.classify(png)).image.format, "png");
});

const beginning = realData("odd/heic-named.jpg");
const skip = beginning === undefined && "needs odd/heic-named.jpg";
test("the beginning of a HEIC, named .jpg, is an invalid image, or unsupported where HEIC is", {
  skip,
}, async () => {
  const bytes = readFileSync(beginning ?? "");
  await assert.rejects((await classifierOf()).classify(bytes), { code: "INVALID_IMAGE" });
  const others = await classifierOf({ formats: ["jpeg", "png", "webp", "gif", "avif"] });
  await assert.rejects(others.classify(bytes), { code: "UNSUPPORTED_FORMAT" });
});
