import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { CommandError, messageOf } from "./errors.ts";
import { DEFAULT_MODEL, sha256 } from "./folder.ts";
import { summarizeOnnx } from "./onnx/reader.ts";

export interface ListedModel {
  readonly name: string;
  /** The one that is deployed unless another is chosen. */
  readonly isDefault: boolean;
  /** For example `mobilenet_v2`, where config.json says so. */
  readonly architecture?: string;
  /** For example `float32 [1, 3, 224, 224]`. */
  readonly input?: string;
  /** `int8` where convolutions are quantised, else `float32`. */
  readonly arithmetic?: string;
  readonly labelCount?: number;
  readonly sizeBytes?: number;
  readonly sha256?: string;
  /** Why the folder is no model. */
  readonly problem?: string;
}

/** The model folders in `dir`, by name; one that cannot be read is listed with its problem. */
export function listModels(dir: string): ListedModel[] {
  let names: string[];
  try {
    names = readdirSync(dir, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith("."))
      .map((entry) => entry.name);
  } catch (error) {
    throw new CommandError("FILE_UNREADABLE", `cannot list the models: ${messageOf(error)}`, {
      cause: error,
    });
  }
  return names.sort().map((name) => {
    const isDefault = name === DEFAULT_MODEL;
    try {
      return { name, isDefault, ...describeModel(join(dir, name)) };
    } catch (error) {
      return { name, isDefault, problem: messageOf(error) };
    }
  });
}

function describeModel(folder: string): Omit<ListedModel, "name" | "isDefault"> {
  const config: { id2label?: object; model_type?: string; architectures?: string[] } = JSON.parse(
    readFileSync(join(folder, "config.json"), "utf8"),
  );
  const onnx = readFileSync(onnxFile(folder));
  const { input, operators } = summarizeOnnx(onnx);
  const architecture = config.model_type ?? config.architectures?.[0];
  const isQuantized = Object.keys(operators).some((name) =>
    /^(QLinear|DequantizeLinear|ConvInteger)/.test(name),
  );
  return {
    ...(architecture !== undefined && { architecture }),
    input: `${input.elementType} [${input.shape.join(", ")}]`,
    arithmetic:
      isQuantized && !("Conv" in operators && !("QuantizeLinear" in operators)) ? "int8" : "float32",
    labelCount: Object.keys(config.id2label ?? {}).length,
    sizeBytes: onnx.length,
    sha256: sha256(onnx),
  };
}

/** Where an ONNX file may lie, in the order in which the function looks. */
const ONNX_FILES = ["model.onnx", "onnx/model_quantized.onnx", "onnx/model.onnx"];

function onnxFile(folder: string): string {
  const found = ONNX_FILES.map((file) => join(folder, file)).find((path) => existsSync(path));
  if (found === undefined) throw new Error(`expected one of ${ONNX_FILES.join(", ")}, got none`);
  return found;
}
