/**
 * The child process of `run.ts`: takes bytes, puts them through the function's own stages, and says how
 * that ended and what it cost. It has no protection of its own: when the function dies, so does it.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { readConfig } from "../../src/function/config.ts";
import { ClassifierError } from "../../src/function/errors.ts";
import { loadModel } from "../../src/function/model.ts";
import { classifyBytes, createSlot } from "../../src/function/pipeline/classify.ts";

/** What the worker answers to one input. */
export interface Verdict {
  /** `classified`, the code of the rejection, or `UNCODED` for an error that has none. */
  readonly outcome: string;
  /** Label and score when classified, else the error's message. */
  readonly detail: string;
  readonly durationMs: number;
  /** Most memory resident while this input was worked on, in bytes; 0 where the system does not tell. */
  readonly peakBytes: number;
}

const modelDir = process.argv[2] ?? "";
const config = readConfig({ ...process.env, RESULTS_BUCKET: "unused", MODEL_DIR: modelDir });
const model = await loadModel(modelDir);
const slot = createSlot(model);

process.on("message", (bytes: Uint8Array) => {
  void judge(Buffer.from(bytes)).then((verdict) => process.send?.(verdict));
});
process.send?.("ready");

async function judge(bytes: Buffer): Promise<Verdict> {
  resetPeak();
  const start = performance.now();
  let outcome = "classified";
  let detail = "";
  try {
    const { predictions } = await classifyBytes(model, slot, bytes, config, 1);
    detail = predictions.map(({ label, score }) => `${label} ${score}`).join();
  } catch (error) {
    outcome = error instanceof ClassifierError ? error.code : "UNCODED";
    detail = error instanceof Error ? error.message : String(error);
  }
  return { outcome, detail, durationMs: performance.now() - start, peakBytes: readPeak() };
}

/** Linux: writing 5 sets the high-water mark of resident memory back to what is resident now. */
function resetPeak(): void {
  try {
    writeFileSync("/proc/self/clear_refs", "5");
  } catch {}
}

function readPeak(): number {
  try {
    const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1];
    return Number(kilobytes ?? 0) * 1024;
  } catch {
    return 0;
  }
}
