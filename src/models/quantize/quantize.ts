import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { externalFiles } from "../../function/model/fingerprint.ts";
import { findOnnxFile, loadModel, type Model } from "../../function/model/load.ts";
import { startProgress } from "../../progress.ts";
import { compareModels } from "../compare.ts";
import { CommandError, messageOf } from "../errors.ts";
import { listImages } from "../evaluate/dataset.ts";
import { assertModelName, assertReplaceable, modelFolder, sha256, writeModelFolder } from "../folder.ts";
import { decodeOnnx, encodeOnnx, type OnnxModel } from "../onnx/model.ts";
import { inlineExternalData } from "../onnx/tensors.ts";
import { calibrate } from "./calibrate.ts";
import { quantizeCard } from "./card.ts";
import { planQuantization } from "./plan.ts";
import { writeQdq } from "./qdq.ts";
import { simplifyGraph } from "./simplify.ts";

export interface QuantizeOptions {
  /** A model in `models`, or the path of a folder. */
  readonly model: string;
  readonly images: string;
  /** Default: the model's with `-int8`. */
  readonly name?: string;
  readonly models: string;
  /** Images to calibrate with; the others check. */
  readonly calibrationImages: number;
  /** Share of the checked images that must keep their label. */
  readonly minAgreement: number;
  readonly force?: boolean;
}

/** What was made, and what it does beside the float model on images that it was not calibrated with. */
export interface QuantizedModel {
  readonly name: string;
  readonly folder: string;
  readonly sha256: string;
  readonly sizeBytes: { readonly float: number; readonly quantized: number };
  /** Convolutions and matrices with integer weights, of all. */
  readonly layers: { readonly quantized: number; readonly all: number };
  readonly calibrationImages: number;
  /** Images that both classified. */
  readonly images: number;
  /** Share of them that both give the same label. */
  readonly agreement: number;
  /** Of those with a known label, the shares that are given it. */
  readonly accuracy?: { readonly images: number; readonly float: number; readonly quantized: number };
  /** Milliseconds of CPU of one inference, one thread, medians of alternated rounds. */
  readonly cpuMs: { readonly float: number; readonly quantized: number };
}

interface CheckedImage {
  readonly file: string;
  readonly label?: string;
}

/** With fewer, an agreement says nothing. */
const MIN_CHECKED = 10;
const MIN_CALIBRATION = 10;
const MAX_CHECKED = 500;

/**
 * Quantizes a float32 network after its training: int8 weights, uint8 activations with ranges measured on images.
 *
 * @throws CommandError MODEL_INVALID, MODEL_UNSUPPORTED for a graph without float32 convolutions, DATASET_WRONG for too few
 *   images, BELOW_THRESHOLD for a result that is not faster or agrees too little: then nothing is written
 */
export async function quantizeModel(options: QuantizeOptions): Promise<QuantizedModel> {
  const source = modelFolder(options.model, options.models);
  const name = options.name ?? `${basename(source)}-int8`;
  assertModelName(name);
  const folder = join(options.models, name);
  assertReplaceable(folder, options.force ?? false);
  const float = await open(source);
  const file = await findOnnxFile(source);
  const original = readFileSync(file);
  const dataFiles = externalFiles(original).map((data) => join(dirname(file), data));
  const floatBytes = [file, ...dataFiles].reduce((sum, path) => sum + statSync(path).size, 0);
  const onnx = decodeOnnx(original);
  const { calibration, checked } = splitImages(options, float.labels);
  const layers = await quantizeGraph(onnx, dirname(file), float, calibration);
  const bytes = encodeOnnx(onnx);

  const fresh = mkdtempSync(join(tmpdir(), "model-quantize-"));
  try {
    for (const [path, content] of Object.entries({ "model.onnx": bytes, ...configsOf(source) }))
      writeFileSync(join(fresh, path), content);
    const measured = await compare(fresh, source, options.images, checked);
    const quantized: QuantizedModel = {
      ...{ name, folder, sha256: sha256(bytes), layers, calibrationImages: calibration.length },
      sizeBytes: { float: floatBytes, quantized: bytes.length },
      ...measured,
    };
    assertWorthIt(quantized, options.minAgreement);
    writeModelFolder(folder, {
      "model.onnx": bytes,
      ...configsOf(source),
      "README.md": quantizeCard(quantized, float),
    });
    return quantized;
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

async function compare(
  quantized: string,
  float: string,
  dir: string,
  checked: readonly CheckedImage[],
): Promise<Pick<QuantizedModel, "images" | "agreement" | "accuracy" | "cpuMs">> {
  const progress = startProgress({ label: "comparing", total: checked.length, unit: "images" });
  const files = checked.map(({ file }) => file);
  const { images, same, cpuMs } = await compareModels(quantized, float, { dir, files }, (done) =>
    progress.update(done),
  ).finally(() => progress.stop());
  const labels = new Map(checked.map(({ file, label }) => [file, label]));
  const labelled = images.filter(({ file }) => labels.get(file) !== undefined);
  const shareOf = (side: "prediction" | "reference") =>
    labelled.filter((image) => image[side]?.label === labels.get(image.file)).length / labelled.length;
  return {
    images: images.length,
    agreement: same / Math.max(1, images.length),
    ...(labelled.length > 0 && {
      accuracy: { images: labelled.length, float: shareOf("reference"), quantized: shareOf("prediction") },
    }),
    cpuMs: { float: cpuMs.reference, quantized: cpuMs.model },
  };
}

async function quantizeGraph(
  onnx: OnnxModel,
  dataFolder: string,
  model: Model,
  files: readonly string[],
): Promise<QuantizedModel["layers"]> {
  const { graph } = onnx;
  try {
    inlineExternalData(graph, dataFolder);
    simplifyGraph(graph);
    const plan = planQuantization(graph);
    const all = graph.node.filter(({ opType }) => ["Conv", "Gemm", "MatMul"].includes(opType)).length;
    if (![...plan.layers].some(({ opType }) => opType === "Conv")) {
      const operators = [...new Set(graph.node.map(({ opType }) => opType))].sort().join(", ");
      throw new Error(`expected float32 convolutions with constant weights, got ${operators}`);
    }
    const progress = startProgress({ label: "calibrating", total: files.length, unit: "images" });
    const { quantizations, means } = await calibrate(onnx, plan, model, files, (done) =>
      progress.update(done),
    ).finally(() => progress.stop());
    writeQdq(onnx, plan, quantizations, means);
    return { quantized: plan.layers.size, all };
  } catch (error) {
    throw new CommandError("MODEL_UNSUPPORTED", `cannot quantize ${model.name}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/** Every second image calibrates, up to the number asked for; the others check. */
function splitImages(
  { images, calibrationImages }: QuantizeOptions,
  labels: readonly string[],
): { calibration: string[]; checked: CheckedImage[] } {
  const known = new Set(labels);
  const all = listImages(images).map(({ file, label }) => ({
    file,
    ...(label !== undefined && known.has(label) && { label }),
  }));
  const wanted = Math.min(calibrationImages, Math.floor(all.length / 2));
  const isCalibration = (index: number) =>
    Math.floor(((index + 1) * wanted) / all.length) > Math.floor((index * wanted) / all.length);
  const calibration = all.filter((_, index) => isCalibration(index)).map(({ file }) => join(images, file));
  const others = all.filter((_, index) => !isCalibration(index));
  const step = Math.max(1, others.length / MAX_CHECKED);
  const checked = others.filter((_, index) => Math.floor((index + 1) / step) > Math.floor(index / step));
  if (calibration.length < MIN_CALIBRATION || checked.length < MIN_CHECKED) {
    throw new CommandError(
      "DATASET_WRONG",
      `expected at least ${MIN_CALIBRATION + MIN_CHECKED} images in ${images}, half to calibrate and half to check, got ${all.length}; 200 are good`,
    );
  }
  return { calibration, checked };
}

function assertWorthIt({ agreement, cpuMs, images }: QuantizedModel, minAgreement: number): void {
  const speedup = cpuMs.float / cpuMs.quantized;
  const said = `agreement ${(100 * agreement).toFixed(1)}% of ${images} images, ${cpuMs.float.toFixed(2)} → ${cpuMs.quantized.toFixed(2)} ms of CPU (${speedup.toFixed(2)}×)`;
  if (agreement < minAgreement) {
    throw new CommandError(
      "BELOW_THRESHOLD",
      `expected the same label for at least ${(100 * minAgreement).toFixed(1)}% of the images, got ${said}: nothing was written. More images like those that will come may help`,
    );
  }
  if (speedup <= 1)
    throw new CommandError(
      "BELOW_THRESHOLD",
      `expected a faster model, got ${said}: nothing was written, use the float one`,
    );
}

async function open(folder: string): Promise<Model> {
  try {
    return await loadModel(folder);
  } catch (error) {
    throw new CommandError("MODEL_INVALID", messageOf(error), { cause: error });
  }
}

function configsOf(source: string): Record<"config.json" | "preprocessor_config.json", Uint8Array> {
  const read = (name: string) => readFileSync(join(source, name));
  return {
    "config.json": read("config.json"),
    "preprocessor_config.json": read("preprocessor_config.json"),
  };
}
