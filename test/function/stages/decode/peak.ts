import { readFileSync } from "node:fs";
import { createClassifier } from "../../../../src/function/classifier.ts";
import { imageFormats } from "../../../../src/function/image-format.ts";
import { loadModel } from "../../../../src/function/model/load.ts";

// Prints how many bytes the peak of this process's memory grows while a file is classified so many times at once, with
// such a ceiling of pixels. Usage: peak.ts MODEL_DIR FILE COUNT MAX_PIXELS

const [modelDir = "", file = "", count = "", maxPixels = ""] = process.argv.slice(2);
const bytes = readFileSync(file);
const classifier = await createClassifier(await loadModel(modelDir), {
  maxImagePixels: Number(maxPixels),
  applyIccProfile: false,
  backgroundColor: "#ffffff",
  topK: 1,
  decodesInFlight: 3,
  formats: imageFormats,
  heicThumbnailPercent: 400,
  memorySizeMb: 0,
});

function peakBytes(): number {
  const [, kib] = /VmHWM:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8")) ?? [];
  return Number(kib) * 1024;
}

const before = peakBytes();
await Promise.all(Array.from({ length: Number(count) }, () => classifier.classify(bytes)));
console.log(peakBytes() - before);
