import { median } from "simple-statistics";
import { type Spread, spreadOf } from "../statistics.ts";
import type { ColdStart } from "./start.ts";

/** A step's median start and end, in milliseconds since the process was asked for. */
export interface StepSpan {
  name: string;
  startMs: number;
  endMs: number;
}

/** One side's starts. Milliseconds since the process was asked for. */
export interface ColdStartSide {
  bundleBytes: number;
  firstResultMs: Spread;
  /** Loaded, top-level `await` included: what Lambda calls INIT, less its own runtime client. */
  initMs: Spread;
  cpuMs: Spread;
  peakMemoryMb: number;
  /** In the order they begin; steps may overlap. Empty without traced starts. */
  steps: StepSpan[];
}

/** @throws without at least one timed start */
export function summarise(
  timed: readonly ColdStart[],
  traced: readonly ColdStart[],
  bundleBytes: number,
): ColdStartSide {
  return {
    bundleBytes,
    firstResultMs: spreadOf(timed.map(({ spawnMs, doneMs }) => spawnMs + doneMs)),
    initMs: spreadOf(timed.map(({ spawnMs, readyMs }) => spawnMs + readyMs)),
    cpuMs: spreadOf(timed.map(({ cpuMs }) => cpuMs)),
    peakMemoryMb: median(timed.map(({ peakMemoryMb }) => peakMemoryMb)),
    steps: stepsOf(traced),
  };
}

/** Steps that a start itself knows, beside those that its tracer noted; the same step of each start is one median. */
export function stepsOf(traced: readonly ColdStart[]): StepSpan[] {
  const spans = new Map<string, StepSpan[]>();
  for (const start of traced) {
    for (const span of spansOf(start)) spans.set(span.name, [...(spans.get(span.name) ?? []), span]);
  }
  return [...spans]
    .map(([name, all]) => ({
      name,
      startMs: median(all.map(({ startMs }) => startMs)),
      endMs: median(all.map(({ endMs }) => endMs)),
    }))
    .sort((a, b) => a.startMs - b.startMs || b.endMs - a.endMs);
}

function spansOf({ spawnMs, bootstrapMs, loadingMs, readyMs, doneMs, steps }: ColdStart): StepSpan[] {
  const own = [
    { name: "Node", startMs: -spawnMs, endMs: bootstrapMs },
    { name: "bundle, with what it opens", startMs: loadingMs, endMs: readyMs },
    { name: "first picture", startMs: readyMs, endMs: doneMs },
  ];
  return [...own, ...steps].map(({ name, startMs, endMs }) => ({
    name,
    startMs: startMs + spawnMs,
    endMs: endMs + spawnMs,
  }));
}
