import { describeFrame, type PerfSample } from "./perf-script.ts";

export interface SampledProfile {
  type: "sampled";
  name: string;
  unit: "milliseconds" | "none";
  startValue: 0;
  endValue: number;
  samples: number[][];
  weights: number[];
}

/** speedscope's file format, https://www.speedscope.app/file-format-schema.json */
export interface SpeedscopeFile {
  $schema: "https://www.speedscope.app/file-format-schema.json";
  name: string;
  exporter: string;
  shared: { frames: { name: string; file: string }[] };
  profiles: SampledProfile[];
}

/** JavaScript and native stacks in one flame graph, a profile a thread name. */
export function speedscopeFile(
  name: string,
  samples: readonly PerfSample[],
  sampleMs: number,
): SpeedscopeFile {
  const frames: { name: string; file: string }[] = [];
  const indexes = new Map<string, number>();
  const threads = new Map<string, SampledProfile>();
  for (const sample of samples) {
    const stack = sample.frames.toReversed().map((frame) => {
      const { name: label, component } = describeFrame(frame);
      const id = `${label} ${component}`;
      const index = indexes.get(id) ?? frames.push({ name: label, file: component }) - 1;
      indexes.set(id, index);
      return index;
    });
    const thread = threads.get(sample.thread) ?? emptyProfile(sample.thread);
    threads.set(sample.thread, thread);
    thread.samples.push(stack);
    thread.weights.push(sampleMs);
    thread.endValue += sampleMs;
  }
  return {
    $schema: "https://www.speedscope.app/file-format-schema.json",
    name,
    exporter: "graviton-image-classifier",
    shared: { frames },
    profiles: [...threads.values()].sort((a, b) => b.endValue - a.endValue),
  };
}

function emptyProfile(name: string): SampledProfile {
  return {
    type: "sampled",
    name,
    unit: "milliseconds",
    startValue: 0,
    endValue: 0,
    samples: [],
    weights: [],
  };
}
