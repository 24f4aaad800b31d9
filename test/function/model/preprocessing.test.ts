import assert from "node:assert/strict";
import { test } from "node:test";
import { readPreprocessing } from "../../../src/function/model/preprocessing.ts";
import { fromPretrainedConfig } from "../../../src/function/model/processors.ts";

const NORMALIZATION = { image_mean: [0.5, 0.4, 0.3], image_std: [0.2, 0.2, 0.1] };
const square = (side: number) => ({ height: side, width: side });
const read = (config: Record<string, unknown>) => readPreprocessing({ ...NORMALIZATION, ...config });

test("MobileNet's file: shorter side, centre crop, filter, mean and deviation", () => {
  assert.deepEqual(
    read({ size: { shortest_edge: 256 }, do_center_crop: true, crop_size: square(224), resample: 1 }),
    {
      resizeShorterSide: 256,
      crop: square(224),
      kernel: "lanczos3",
      mean: [0.5, 0.4, 0.3],
      std: [0.2, 0.2, 0.1],
      rescaleFactor: 1 / 255,
    },
  );
});

test("ViT's file: an exact size without a crop, bilinear when no filter is named", () => {
  const { kernel, ...geometry } = read({ size: square(224) });
  assert.equal(kernel, "linear");
  assert.ok("resizeTo" in geometry);
  assert.deepEqual([geometry.resizeTo, geometry.crop], [square(224), undefined]);
});

test("a number as size is the shorter side before a crop, else a square", () => {
  const cropped = read({ size: 32, do_center_crop: true, crop_size: 24 });
  assert.ok("resizeShorterSide" in cropped);
  assert.deepEqual([cropped.resizeShorterSide, cropped.crop], [32, square(24)]);
  const stretched = read({ size: 32 });
  assert.ok("resizeTo" in stretched);
  assert.deepEqual(stretched.resizeTo, square(32));
});

test("ConvNeXT's crop_pct resizes to size / crop_pct and crops, below 384 pixels only", () => {
  const small = read({ size: { shortest_edge: 224 }, crop_pct: 0.875 });
  assert.ok("resizeShorterSide" in small);
  assert.deepEqual([small.resizeShorterSide, small.crop], [256, square(224)]);
  const large = read({ size: { shortest_edge: 384 }, crop_pct: 0.875 });
  assert.ok("resizeTo" in large);
  assert.deepEqual([large.resizeTo, large.crop], [square(384), undefined]);
});

test("Pillow's filter numbers name the kernels", () => {
  const kernels = [0, 1, 2, 3, 4, 5].map((resample) => read({ size: 8, resample }).kernel);
  assert.deepEqual(kernels, ["nearest", "lanczos3", "linear", "cubic", "box", "hamming"]);
});

test("steps that are switched off change nothing: mean 0, deviation 1, factor 1", () => {
  const { mean, std, rescaleFactor } = readPreprocessing({ size: 8, do_normalize: false, do_rescale: false });
  assert.deepEqual([mean, std, rescaleFactor], [[0, 0, 0], [1, 1, 1], 1]);
  assert.equal(read({ size: 8, rescale_factor: 0.5 }).rescaleFactor, 0.5);
});

const REFUSED: readonly (readonly [Record<string, unknown>, RegExp])[] = [
  [{}, /expected size to be a number, \{shortest_edge\} or \{height, width\}, got undefined/],
  [{ size: 0 }, /expected size to be a whole number of pixels from 1 to 4096, got 0/],
  [{ size: { shortest_edge: 1.5 } }, /size\.shortest_edge .*got 1\.5/],
  [{ size: { height: 8 } }, /expected size/],
  [{ size: 8, do_center_crop: true, crop_size: "8" }, /expected crop_size .*got "8"/],
  [{ size: 8, resample: 9 }, /expected resample to be one of Pillow's filters, 0 to 5, got 9/],
  [{ size: 8, resample: "bicubic" }, /expected resample/],
  [{ size: 8, image_mean: [0.5] }, /expected image_mean to be 3 numbers, got \[0\.5\]/],
  [{ size: 8, image_std: [1, 0, 1] }, /expected image_std to be 3 numbers above 0, got \[1,0,1\]/],
  [{ size: 8, image_std: undefined }, /expected image_std/],
  [{ size: 8, rescale_factor: 0 }, /expected rescale_factor to be a number above 0, got 0/],
  [{ size: 8, do_resize: false }, /expected do_resize to be true/],
  [{ size: 8, do_pad: true }, /expected do_pad to be absent or false, got true/],
  [{ size: 8, rescale_offset: true }, /rescale_offset/],
];

for (const [config, message] of REFUSED) {
  test(`${JSON.stringify(config)} is refused by its field`, () => {
    assert.throws(() => read(config), { message });
  });
}

test("two negative deviations are refused as one is", () => {
  assert.throws(() => read({ size: 8, image_std: [-1, -1, 1] }), /image_std/);
});

/** Processor → what its published file becomes: shorter side or exact size, crop. */
const PROCESSORS: readonly (readonly [Record<string, unknown>, unknown, number | undefined])[] = [
  [{ image_processor_type: "ConvNextImageProcessor", size: { shortest_edge: 224 } }, 256, 224],
  [{ feature_extractor_type: "ConvNextFeatureExtractor", size: 224, crop_pct: 0.875 }, 256, 224],
  [{ feature_extractor_type: "ConvNextFeatureExtractor", size: 384 }, square(384), undefined],
  [{ image_processor_type: "DeiTImageProcessor", size: 256, crop_size: 224 }, square(256), 224],
  [{ feature_extractor_type: "LevitFeatureExtractor", size: 224, do_center_crop: true }, 256, 224],
  [{ feature_extractor_type: "PoolFormerFeatureExtractor", size: 224, crop_pct: 0.9 }, 248, 224],
  [{ image_processor_type: "EfficientNetImageProcessor", size: square(224) }, square(224), undefined],
  [{ image_processor_type: "ViTImageProcessorFast", size: 224 }, square(224), undefined],
  [{ image_processor_type: "CLIPImageProcessor", size: 224 }, 224, 224],
  [{ image_processor_type: "MobileNetV2ImageProcessor" }, 256, 224],
];

for (const [config, resize, side] of PROCESSORS) {
  test(`${JSON.stringify(config)} is read as its class reads it`, () => {
    const geometry = readPreprocessing(config);
    assert.deepEqual("resizeTo" in geometry ? geometry.resizeTo : geometry.resizeShorterSide, resize);
    assert.deepEqual(geometry.crop, side && square(side));
  });
}

test("EfficientNet with its classifier divides by the deviation twice", () => {
  const { mean, std } = read({ image_processor_type: "EfficientNetImageProcessor", include_top: true });
  assert.deepEqual(mean, [0.5, 0.4, 0.3]);
  assert.deepEqual(std, [0.2 ** 2, 0.2 ** 2, 0.1 ** 2]);
});

test("blue comes first where the file says so, or MobileViT's class does", () => {
  assert.equal(read({ size: 8, do_flip_channel_order: true }).isBgr, true);
  assert.equal(read({ image_processor_type: "MobileViTImageProcessor" }).isBgr, true);
  assert.equal(read({ size: 8 }).isBgr, undefined);
});

test("one number as mean and deviation is that of every channel", () => {
  const { mean, std } = readPreprocessing({ size: 8, image_mean: 0.5, image_std: 0.25 });
  assert.deepEqual(
    [mean, std],
    [
      [0.5, 0.5, 0.5],
      [0.25, 0.25, 0.25],
    ],
  );
});

test("a processor that is not known is refused by name", () => {
  assert.throws(() => read({ image_processor_type: "PerceiverImageProcessor" }), {
    message: /got "PerceiverImageProcessor"/,
  });
});

test("timm's pretrained_cfg is its evaluation: floor(side / crop_pct), centre crop", () => {
  const { kernel, ...geometry } = readPreprocessing(
    fromPretrainedConfig({
      input_size: [3, 224, 224],
      crop_pct: 0.9,
      interpolation: "bicubic",
      crop_mode: "center",
      mean: [0.5, 0.5, 0.5],
      std: [0.5, 0.5, 0.5],
    }),
  );
  assert.ok("resizeShorterSide" in geometry);
  assert.deepEqual([kernel, geometry.resizeShorterSide, geometry.crop], ["cubic", 248, square(224)]);
  assert.equal(geometry.isCutRounded, true);
  for (const [broken, message] of [
    [{ crop_mode: "squash" }, /crop_mode center, got "squash"/],
    [{ interpolation: "best" }, /interpolation to be one of .*got "best"/],
    [{ input_size: [3, 8, 9] }, /square input_size/],
  ] as const) {
    assert.throws(() => fromPretrainedConfig({ input_size: [3, 8, 8], ...broken }), { message });
  }
});
