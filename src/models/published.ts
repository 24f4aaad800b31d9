/** An archive on the download server, pinned by content. */
export interface Archive {
  /** Below the base URL. */
  readonly path: string;
  readonly sha256: string;
}

/** A published model: which files of which archives make it up. Members are matched by base name. */
export interface PublishedModel {
  readonly description: string;
  readonly archive: Archive;
  readonly modelMember: RegExp;
  /** Where the labels lie; not every archive brings its own. */
  readonly labels: { readonly archive: Archive; readonly member: RegExp };
}

/** Google's own download server; `--base-url` or MODEL_BASE_URL names a mirror. */
export const DEFAULT_BASE_URL = "https://storage.googleapis.com/download.tensorflow.org/models";

const MOBILENET_V1: Archive = {
  path: "tflite/mobilenet_v1_1.0_224_quant_and_labels.zip",
  sha256: "2f8054076cf655e1a73778a49bd8fd0306d32b290b7e576dda9574f00f186c0f",
};

const IMAGENET_LABELS = { archive: MOBILENET_V1, member: /^labels.*\.txt$/ };

/** The models that `model pull` knows. Both were trained on ImageNet (1000 classes and background). */
export const PUBLISHED_MODELS: Readonly<Record<string, PublishedModel>> = {
  "mobilenet-v1": {
    description:
      "MobileNet v1 1.0 224, the model of the published benchmark (top-1 70.69% on ImageNet validation as published)",
    archive: MOBILENET_V1,
    modelMember: /^mobilenet_v1_1\.0_224_quant\.tflite$/,
    labels: IMAGENET_LABELS,
  },
  "mobilenet-v2": {
    description: "MobileNet v2 1.0 224",
    archive: {
      path: "tflite_11_05_08/mobilenet_v2_1.0_224_quant.tgz",
      sha256: "d6a04d780f76f656c902413be432eb349ec4a458240e3739119eb44977f77a79",
    },
    modelMember: /^mobilenet_v2_1\.0_224_quant\.tflite$/,
    labels: IMAGENET_LABELS,
  },
};
