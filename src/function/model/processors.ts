type Json = Readonly<Record<string, unknown>>;

/** How a processor turns `size` into the resize and the cut. */
export type GeometryRule = "plain" | "convnext" | "levit" | "poolformer";

export interface Processor {
  readonly rule: GeometryRule;
  /** What its class does where the file says nothing. */
  readonly defaults: Json;
  /** A number as `size` is a square; else the shorter side. */
  readonly isSquare: boolean;
}

const IMAGENET = { image_mean: [0.485, 0.456, 0.406], image_std: [0.229, 0.224, 0.225] };
const INCEPTION = { image_mean: [0.5, 0.5, 0.5], image_std: [0.5, 0.5, 0.5] };
const CLIP = {
  image_mean: [0.48145466, 0.4578275, 0.40821073],
  image_std: [0.26862954, 0.26130258, 0.27577711],
};
const BILINEAR = { resample: 2 };
const BICUBIC = { resample: 3 };
const square = (side: number) => ({ height: side, width: side });
const crop = (side: number) => ({ do_center_crop: true, crop_size: square(side) });
const shorter = (side: number) => ({ size: { shortest_edge: side } });

function processor(isSquare: boolean, defaults: Json, rule: GeometryRule = "plain"): Processor {
  return { rule, defaults, isSquare };
}

const VIT = processor(true, { size: square(224), ...BILINEAR, ...INCEPTION });
const BEIT = processor(true, { size: square(256), ...crop(224), ...BICUBIC, ...INCEPTION });
const BIT = processor(false, { ...shorter(224), ...crop(224), ...BICUBIC, ...CLIP });
const MOBILENET = processor(false, { ...shorter(256), ...crop(224), ...BILINEAR, ...INCEPTION });

/** transformers' image processors of classifiers, by the class's name without its ending: what each class's code does. */
const PROCESSORS: Readonly<Record<string, Processor>> = {
  Beit: BEIT,
  Bit: BIT,
  CLIP: BIT,
  ConvNext: processor(false, { ...shorter(384), ...BILINEAR, ...IMAGENET }, "convnext"),
  DeiT: processor(true, { size: square(256), ...crop(224), ...BICUBIC, ...IMAGENET }),
  EfficientNet: processor(true, { size: square(346), resample: 0, include_top: true, ...IMAGENET }),
  Levit: processor(false, { ...shorter(224), ...crop(224), ...BICUBIC, ...IMAGENET }, "levit"),
  MobileNetV1: MOBILENET,
  MobileNetV2: MOBILENET,
  MobileViT: processor(false, {
    ...shorter(224),
    ...crop(256),
    ...BILINEAR,
    do_normalize: false,
    do_flip_channel_order: true,
  }),
  PoolFormer: processor(
    false,
    { ...shorter(224), crop_pct: 0.9, ...crop(224), ...BICUBIC, ...IMAGENET },
    "poolformer",
  ),
  Pvt: processor(true, { size: square(224), ...BILINEAR, ...IMAGENET }),
  Siglip: processor(true, { size: square(224), ...BICUBIC, ...INCEPTION }),
  ViT: VIT,
};

/** A file that names no processor: transformers.js and our own read so. */
const UNNAMED: Processor = { rule: "plain", defaults: {}, isSquare: false };

/**
 * The processor that `image_processor_type` or `feature_extractor_type` names.
 *
 * @throws {Error} for a name that is not known: its arithmetic is not guessed
 */
export function findProcessor(config: Json): Processor & { readonly isNamed: boolean } {
  const type = config.image_processor_type ?? config.feature_extractor_type;
  if (type === undefined || type === null) return { ...UNNAMED, isNamed: false };
  const name = String(type).replace(/(ImageProcessor(Fast)?|FeatureExtractor)$/, "");
  const found = Object.entries(PROCESSORS).find(([known]) => known.toLowerCase() === name.toLowerCase());
  if (found === undefined) {
    const known = Object.keys(PROCESSORS).join(", ");
    throw new Error(`expected an image processor among ${known}, got ${JSON.stringify(type)}`);
  }
  return { ...found[1], isNamed: true };
}

const FILTERS: Readonly<Record<string, number>> = {
  ...{ nearest: 0, lanczos: 1, bilinear: 2, bicubic: 3, box: 4, hamming: 5 },
};

/**
 * timm's `pretrained_cfg`, which its folders carry in config.json, as a preprocessor's fields, with timm's defaults.
 *
 * @throws {Error} for a crop mode other than the centre, a filter that is not known, or an input that is no square
 */
export function fromPretrainedConfig(pretrained: Json): Json {
  const said = Object.fromEntries(Object.entries(pretrained).filter(([, value]) => value !== null));
  const { input_size: inputSize, crop_pct: cropRatio = 0.875, crop_mode: mode = "center" } = said;
  const { interpolation = "bicubic", mean = IMAGENET.image_mean, std = IMAGENET.image_std } = said;
  const [, height, width] = Array.isArray(inputSize) ? inputSize : [];
  if (typeof height !== "number" || height !== width || typeof cropRatio !== "number")
    throw new Error(
      `expected pretrained_cfg with a square input_size and crop_pct, got ${JSON.stringify(pretrained)}`,
    );
  if (mode !== "center")
    throw new Error(`expected crop_mode center, got ${JSON.stringify(mode)}: not supported`);
  const resample = FILTERS[String(interpolation)];
  if (resample === undefined) {
    const known = Object.keys(FILTERS).join(", ");
    throw new Error(`expected interpolation to be one of ${known}, got ${JSON.stringify(interpolation)}`);
  }
  return {
    size: { shortest_edge: Math.floor(height / cropRatio) },
    ...crop(height),
    crop_rounding: "half to even",
    resample,
    image_mean: mean,
    image_std: std,
  };
}
