import { readFileSync } from "node:fs";
import { classifyBytes } from "../../../../src/function/classify.ts";
import { loadModel } from "../../../../src/function/model/load.ts";
import { createSlot } from "../../../../src/function/slot.ts";
import { createPixelLane } from "../../../../src/function/sync/semaphore.ts";

// Prints how many bytes the peak of this process's memory grows while a file is classified so many times at once, in a
// lane of so many pixels. Usage: decode-peak.ts MODEL_DIR FILE COUNT LANE_PIXELS

const [modelDir = "", file = "", count = "", lanePixels = ""] = process.argv.slice(2);
const model = await loadModel(modelDir);
const bytes = readFileSync(file);
const pixelLane = createPixelLane(Number(lanePixels));
const options = { maxImagePixels: 1e8, applyIccProfile: false, backgroundColor: "#ffffff", pixelLane };

function peakBytes(): number {
  const [, kib] = /VmHWM:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8")) ?? [];
  return Number(kib) * 1024;
}

const before = peakBytes();
const work = Array.from({ length: Number(count) }, () =>
  classifyBytes(model, createSlot(model), bytes, options, 1),
);
await Promise.all(work);
console.log(peakBytes() - before);
