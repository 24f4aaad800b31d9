import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import sharp from "sharp";
import { MODELS_DIR } from "../../../src/models/folder.ts";
import { openBackbone } from "../../../src/models/teach/backbone.ts";
import { findNearDuplicates } from "../../../src/models/teach/duplicates.ts";
import { extractFeatures } from "../../../src/models/teach/features.ts";
import { guessSources } from "../../../src/models/teach/sources.ts";
import { fitUnknown } from "../../../src/models/teach/unknown.ts";
import { toUnit } from "../../../src/models/teach/vectors.ts";
import { wilsonInterval } from "../../../src/models/teach/wilson.ts";
import { drawPicture, type Kind } from "./pictures.ts";

const folder = mkdtempSync(join(tmpdir(), "teach-estimate-"));
after(() => rmSync(folder, { recursive: true, force: true }));

describe("Wilson's interval", () => {
  // R: binom::binom.wilson and prop.test(correct = FALSE).
  for (const [correct, count, low, high] of [
    [8, 10, 0.4902, 0.9433],
    [10, 10, 0.7225, 1],
    [0, 20, 0, 0.1611],
    [38, 40, 0.835, 0.9862],
  ] as const) {
    test(`of ${correct} in ${count} is ${low} to ${high}`, () => {
      const interval = wilsonInterval(correct, count);
      assert.ok(Math.abs(interval.low - low) < 5e-4, `low ${interval.low}`);
      assert.ok(Math.abs(interval.high - high) < 5e-4, `high ${interval.high}`);
    });
  }
});

describe("sources", () => {
  test("are folders below the label's, or what names begin with before a number", () => {
    assert.deepEqual(guessSources(["a/1.jpg", "a/2.jpg", "b/1.jpg", "b/2.jpg", "c/1.jpg", "c/2.jpg"]), [
      ...["a", "a", "b", "b", "c", "c"],
    ]);
    const clips = ["clip1_frame01.jpg", "clip1_frame02.jpg", "clip2_frame01.jpg", "clip2_frame02.jpg"];
    assert.deepEqual(
      new Set(guessSources([...clips, "clip3_frame1.jpg", "clip3_frame2.jpg"])),
      new Set(["/clip1_frame", "/clip2_frame", "/clip3_frame"]),
    );
  });

  test("are not guessed where every name is of one series, or each of its own", () => {
    assert.equal(guessSources(["image_0001.jpg", "image_0002.jpg", "image_0003.jpg"]), undefined);
    assert.equal(guessSources(["rose.jpg", "tulip.jpg", "iris.jpg", "daisy.jpg"]), undefined);
  });
});

describe("near-duplicates", () => {
  test("are found scaled, compressed and brightened, and other images of the same kind are none", async () => {
    const kinds: readonly Kind[] = ["bars", "rings", "stripes", "dots"];
    const files: string[] = [];
    for (const kind of kinds) {
      for (let seed = 0; seed < 4; seed++) {
        const path = join(folder, `${kind}-${seed}.jpg`);
        await drawPicture(path, kind, seed);
        files.push(path);
      }
    }
    const originals = files.length;
    const copies = [
      sharp(files[0]).resize(126).jpeg({ quality: 60 }),
      sharp(files[5]).jpeg({ quality: 40 }),
      sharp(files[9]).linear(1.03, 2).png(),
    ];
    for (const [index, copy] of copies.entries()) {
      const path = join(folder, `copy-${index}`);
      await copy.toFile(path);
      files.push(path);
    }
    const backbone = await openBackbone(join(MODELS_DIR, "upload-triage"));
    const features = (await extractFeatures(backbone, files)).filter((result) => "values" in result);
    const found = findNearDuplicates(
      features,
      features.map(({ values }) => toUnit(values.map(Math.sqrt))),
    );
    const expected = [0, 5, 9].map((index, copy) => [index, originals + copy]);
    assert.deepEqual(found, expected);
  });
});

describe("unknown", () => {
  const axis = (index: number, tilt: number) =>
    toUnit(Float64Array.from({ length: 6 }, (_, at) => (at === index ? 1 : at === 5 ? tilt : 0)));

  test("is judged by means without the image itself", () => {
    // Two of a label that have nothing in common: each is unlike the mean of the other.
    const units = [axis(0, 0), axis(1, 0), axis(2, 0), axis(2, 0)];
    const { threshold } = fitUnknown(units, [0, 0, 1, 1], 2, [[0], [1], [2], [3]], []);
    assert.equal(threshold, 0);
  });

  test("has a threshold between the labels and the others, where there are some", () => {
    const units = Array.from({ length: 40 }, (_, index) => axis(index % 2, 0.2 + 0.01 * (index % 7)));
    const others = Array.from({ length: 10 }, (_, index) => axis(3, 0.4 + 0.01 * index));
    const classes = units.map((_, index) => index % 2);
    const groups = units.map((_, index) => [index]);
    const { threshold, falseShare, otherShare } = fitUnknown(units, classes, 2, groups, others);
    assert.equal(otherShare, 1);
    assert.equal(falseShare, 0);
    assert.ok(threshold > 0.4 && threshold < 1, `threshold ${threshold}`);
  });
});
