import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { drawPixels } from "../kernel/cases.ts";

/** A processor's file and an image, and what `processors.py` makes of them. */
export interface ProcessorCase {
  readonly title: string;
  /** Which function of `processors.py`. */
  readonly class: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly problem?: "multi_label_classification";
  readonly width: number;
  readonly height: number;
}

export interface ProcessorVector {
  /** Channels, height, width. */
  readonly shape: readonly [number, number, number];
  /** float32, as base64. */
  readonly values: string;
  readonly scores: readonly number[];
}

const square = (side: number) => ({ height: side, width: side });
const edge = (side: number) => ({ shortest_edge: side });
const IMAGENET = { image_mean: [0.485, 0.456, 0.406], image_std: [0.229, 0.224, 0.225] };

const CONFIGS: readonly Omit<ProcessorCase, "width" | "height">[] = [
  { title: "ViT", class: "ViT", config: { image_processor_type: "ViTImageProcessor", size: square(12) } },
  {
    title: "ViT of a number, fast",
    class: "ViT",
    config: { image_processor_type: "ViTImageProcessorFast", size: 12 },
  },
  {
    title: "ViT with one number as mean and deviation",
    class: "ViT",
    config: {
      feature_extractor_type: "ViTFeatureExtractor",
      size: 12,
      resample: 3,
      image_mean: 0.4,
      image_std: 0.3,
    },
  },
  {
    title: "box and Hamming filters as they are",
    class: "ViT",
    config: { image_processor_type: "ViTImageProcessor", size: square(12), resample: 4 },
  },
  {
    title: "Hamming",
    class: "ViT",
    config: { image_processor_type: "ViTImageProcessor", size: 12, resample: 5 },
  },
  {
    title: "SigLIP",
    class: "Siglip",
    config: { image_processor_type: "SiglipImageProcessor", size: square(12) },
  },
  { title: "PVT", class: "Pvt", config: { image_processor_type: "PvtImageProcessor", size: square(12) } },
  {
    title: "BEiT",
    class: "Beit",
    config: { image_processor_type: "BeitImageProcessor", size: square(16), crop_size: square(12) },
  },
  {
    title: "DeiT of numbers",
    class: "DeiT",
    config: { feature_extractor_type: "DeiTFeatureExtractor", size: 16, crop_size: 12, resample: 3 },
  },
  {
    title: "CLIP",
    class: "CLIP",
    config: { image_processor_type: "CLIPImageProcessor", size: edge(13), crop_size: square(12) },
  },
  {
    title: "BiT, several labels at once",
    class: "Bit",
    problem: "multi_label_classification",
    config: { image_processor_type: "BitImageProcessor", size: edge(15), crop_size: square(12) },
  },
  {
    title: "MobileNetV1",
    class: "MobileNetV1",
    config: { feature_extractor_type: "MobileNetV1FeatureExtractor", size: edge(14), crop_size: square(12) },
  },
  {
    title: "MobileNetV2, enlarging",
    class: "MobileNetV2",
    config: { image_processor_type: "MobileNetV2ImageProcessor", size: edge(32), crop_size: square(24) },
  },
  {
    title: "a crop that is larger than the resize",
    class: "MobileNetV2",
    config: { image_processor_type: "MobileNetV2ImageProcessor", size: edge(9), crop_size: square(12) },
  },
  {
    title: "ConvNeXT without crop_pct",
    class: "ConvNext",
    config: { image_processor_type: "ConvNextImageProcessor", size: edge(12), resample: 3 },
  },
  {
    title: "ConvNeXT, as ResNet's files are, of a number and crop_pct",
    class: "ConvNext",
    config: { feature_extractor_type: "ConvNextFeatureExtractor", size: 12, crop_pct: 0.95, resample: 3 },
  },
  {
    title: "EfficientNet with its classifier",
    class: "EfficientNet",
    config: {
      ...{
        image_processor_type: "EfficientNetImageProcessor",
        size: square(12),
        resample: 0,
        include_top: true,
      },
      ...{ rescale_offset: false, image_mean: IMAGENET.image_mean, image_std: [0.478, 0.473, 0.474] },
    },
  },
  {
    title: "EfficientNet without",
    class: "EfficientNet",
    config: { image_processor_type: "EfficientNetImageProcessor", size: square(12), include_top: false },
  },
  {
    title: "LeViT",
    class: "Levit",
    config: { feature_extractor_type: "LevitFeatureExtractor", size: 14, crop_size: square(14) },
  },
  {
    title: "PoolFormer",
    class: "PoolFormer",
    config: { feature_extractor_type: "PoolFormerFeatureExtractor", size: 12, crop_pct: 0.9, crop_size: 12 },
  },
  {
    title: "MobileViT: blue first, not normalised",
    class: "MobileViT",
    config: { image_processor_type: "MobileViTImageProcessor", size: edge(14), crop_size: square(12) },
  },
  {
    title: "timm's pretrained_cfg",
    class: "timm",
    config: {
      input_size: [3, 12, 12],
      crop_pct: 0.8,
      interpolation: "bicubic",
      mean: [0.5, 0.4, 0.3],
      std: [0.2, 0.3, 0.4],
    },
  },
  { title: "timm's defaults", class: "timm", config: { input_size: [3, 14, 14] } },
  {
    title: "gray",
    class: "gray",
    problem: "multi_label_classification",
    config: {
      size: edge(14),
      do_center_crop: true,
      crop_size: square(12),
      resample: 2,
      image_mean: 0.4,
      image_std: 0.3,
    },
  },
];

/** Each lying and upright, of sides whose rest is odd. */
export const PROCESSOR_CASES: readonly ProcessorCase[] = CONFIGS.flatMap((config) => [
  { ...config, width: 45, height: 31 },
  { ...config, width: 19, height: 27 },
]);

export const pixelsOf = ({ width, height }: ProcessorCase) => drawPixels(width, height, 3);

/** By Pillow and NumPy. */
export function computeVectors(cases: readonly ProcessorCase[]): ProcessorVector[] {
  const input = cases.map((one) => ({ ...one, pixels: Buffer.from(pixelsOf(one)).toString("base64") }));
  const output = execFileSync("/usr/bin/python3", [join(import.meta.dirname, "processors.py")], {
    ...{ input: JSON.stringify(input), maxBuffer: 1 << 26 },
  });
  return JSON.parse(output.toString());
}

if (import.meta.main) {
  const vectors = computeVectors(PROCESSOR_CASES);
  writeFileSync(join(import.meta.dirname, "processors.json"), `${JSON.stringify(vectors, null, 1)}\n`);
}
