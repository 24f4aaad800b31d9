import { existsSync, statSync } from "node:fs";
import { basename, extname, join } from "node:path";
import { strFromU8, unzipSync } from "fflate";
import { CommandError } from "./errors.ts";

const TO_TFLITE =
  "convert it with TensorFlow (tf.lite.TFLiteConverter, see docs/models.md) and import the .tflite file";
const TO_ONNX =
  "export it to ONNX from where it was trained (torch.onnx.export, or optimum-cli export onnx) and make a model folder of it (docs/models.md)";
const TEACHABLE =
  "in Teachable Machine export again as “Tensorflow Lite”, “Quantized”; otherwise convert it to Keras (tensorflowjs_converter) and from there to .tflite (docs/models.md)";

const BY_EXTENSION: Readonly<Record<string, readonly [what: string, advice: string]>> = {
  ".onnx": [
    "an ONNX file",
    "it needs no import: put it as model.onnx into a folder of models/, with config.json (id2label) and preprocessor_config.json beside it (docs/models.md)",
  ],
  ".h5": ["a Keras file", TO_TFLITE],
  ".hdf5": ["a Keras file", TO_TFLITE],
  ".keras": ["a Keras file", TO_TFLITE],
  ".pb": ["a TensorFlow graph", TO_TFLITE],
  ".pt": ["a PyTorch file", TO_ONNX],
  ".pth": ["a PyTorch file", TO_ONNX],
  ".safetensors": ["a file of weights alone", TO_ONNX],
  ".mlmodel": ["a Core ML file", TO_ONNX],
};

const KERAS = [".keras", /^(metadata|config)\.json$|\.weights\.h5$/] as const;
const ARCHIVED: readonly (readonly [extension: string, member: RegExp])[] = [
  [...KERAS],
  [".pt", /(^|\/)data\.pkl$/],
];

/**
 * Refuses what is another kind of model than a TensorFlow Lite file, saying what it is and what to do.
 *
 * @throws CommandError MODEL_UNSUPPORTED
 */
export function refuseFolder(path: string): void {
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) return;
  if (existsSync(join(path, "saved_model.pb"))) throw refusal(path, "a SavedModel", TO_TFLITE);
  if (existsSync(join(path, "model.json"))) throw refusal(path, "a TensorFlow.js model", TEACHABLE);
  if (existsSync(join(path, "config.json")))
    throw refusal(path, "a model folder", "it needs no import: move it into models/, and use it by its name");
  throw refusal(path, "a folder", "name the .tflite file in it");
}

/** As {@link refuseFolder}, for the content of a file. */
export function refuseForeign(path: string, bytes: Uint8Array): void {
  const start = strFromU8(bytes.subarray(0, 64), true);
  if (start.slice(4, 8) === "TFL3") return;
  if (/^\s*\{/.test(start)) {
    const isTensorFlowJs = /"(modelTopology|weightsManifest)"/.test(strFromU8(bytes, true));
    throw refusal(
      path,
      isTensorFlowJs ? "a TensorFlow.js model" : "a JSON file",
      isTensorFlowJs ? TEACHABLE : "name the .tflite file",
    );
  }
  if (start.startsWith("PK")) throw refuseArchive(path, bytes);
  const known = start.startsWith("\x89HDF") ? BY_EXTENSION[".h5"] : BY_EXTENSION[extname(path).toLowerCase()];
  // ONNX begins with its IR version, and then who wrote it.
  const isOnnx = bytes[0] === 8 && (bytes[1] ?? 0) < 32 && [0x12, 0x3a, 0x42].includes(bytes[2] ?? 0);
  const [what, advice] = known ?? (isOnnx ? (BY_EXTENSION[".onnx"] ?? []) : []);
  if (what !== undefined && advice !== undefined) throw refusal(path, what, advice);
}

function refuseArchive(path: string, bytes: Uint8Array): CommandError {
  const names: string[] = [];
  try {
    unzipSync(bytes, { filter: ({ name }) => names.push(name) < 0 });
  } catch {
    return refusal(path, "a damaged archive", "get it again");
  }
  const tflite = names.find((name) => name.endsWith(".tflite"));
  if (tflite !== undefined) return refusal(path, "an archive", `unpack it and import ${tflite}`);
  if (names.some((name) => basename(name) === "model.json"))
    return refusal(path, "a TensorFlow.js model", TEACHABLE);
  const found = ARCHIVED.find(([, member]) => names.some((name) => member.test(name)));
  const [what, advice] = BY_EXTENSION[found?.[0] ?? ""] ?? ["an archive without a .tflite file", TO_TFLITE];
  return refusal(path, what, advice);
}

function refusal(path: string, what: string, advice: string): CommandError {
  return new CommandError("MODEL_UNSUPPORTED", `${basename(path)} is ${what}: ${advice}`);
}
