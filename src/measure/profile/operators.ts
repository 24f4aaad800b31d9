import { readdir, readFile, rename } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type Ort from "onnxruntime-node";
import { readGraphInput } from "../../function/model/graph.ts";

import { ort, readPlainInput } from "../rows/plain.ts";
import type { OperatorShare } from "./job.ts";

/** An event of ONNX Runtime's profile, which is a Chrome trace; durations are microseconds. */
export interface TraceEvent {
  cat?: string;
  name?: string;
  dur?: number;
  args?: { op_name?: string };
}

/** Sums the kernels of a trace by operator. `runs` is how often the model ran. */
export function operatorShares(events: readonly TraceEvent[], runs: number): OperatorShare[] {
  const sums = new Map<string, { us: number; nodes: Set<string> }>();
  for (const { cat, name = "", dur = 0, args } of events) {
    if (cat !== "Node" || !name.endsWith("_kernel_time")) continue;
    const operator = args?.op_name ?? "unknown";
    const sum = sums.get(operator) ?? { us: 0, nodes: new Set() };
    sum.us += dur;
    sum.nodes.add(name);
    sums.set(operator, sum);
  }
  const total = [...sums.values()].reduce((all, { us }) => all + us, 0);
  return [...sums]
    .map(([operator, { us, nodes }]) => ({
      operator,
      nodes: nodes.size,
      share: us / total,
      msPerRun: us / runs / 1000,
    }))
    .sort((a, b) => b.share - a.share);
}

/**
 * Runs a model under ONNX Runtime's own profiler, one thread, with no other work beside it.
 *
 * @param file where its Chrome trace is kept
 */
export async function profileOperators(
  modelDir: string,
  runs: number,
  file: string,
): Promise<OperatorShare[]> {
  const session = await ort.InferenceSession.create(join(modelDir, "model.onnx"), {
    intraOpNumThreads: 1,
    logSeverityLevel: 3,
    enableProfiling: true,
    profileFilePrefix: file,
  });
  const { side } = await readPlainInput(modelDir);
  const input = readGraphInput(session, { height: side, width: side });
  const { elementType } = input;
  if (elementType !== "float32" && elementType !== "uint8")
    throw new Error(`expected a graph with a float32 or uint8 input, got ${elementType}`);
  const feeds: Record<string, Ort.Tensor> = {
    [input.name]: sampleTensor(elementType, input.layout, side),
  };
  // ORT ends a trace itself after a million events, and a run of a MobileNet gives about 60.
  for (let run = 0; run < runs; run++) await session.run(feeds);
  session.endProfiling();
  await session.release();
  const made = await newestTrace(file);
  await rename(made, file);
  return operatorShares(JSON.parse(await readFile(file, "utf8")) as TraceEvent[], runs);
}

function sampleTensor(elementType: "float32" | "uint8", layout: "NCHW" | "NHWC", side: number): Ort.Tensor {
  const dims = layout === "NCHW" ? [1, 3, side, side] : [1, side, side, 3];
  const length = 3 * side * side;
  return elementType === "float32"
    ? new ort.Tensor(
        "float32",
        Float32Array.from({ length }, (_, i) => Math.sin(i)),
        dims,
      )
    : new ort.Tensor(
        "uint8",
        Uint8Array.from({ length }, (_, i) => i % 256),
        dims,
      );
}

/** ORT adds the date and `.json` to the prefix that it is given. */
async function newestTrace(prefix: string): Promise<string> {
  const names = (await readdir(dirname(prefix))).filter((name) => name.startsWith(`${basename(prefix)}_`));
  const [newest] = names.sort().reverse();
  if (newest === undefined) throw new Error(`Expected ONNX Runtime's trace at ${prefix}_*.json, found none.`);
  return join(dirname(prefix), newest);
}
