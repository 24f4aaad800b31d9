import type { Machine } from "../machine.ts";
import type { RowContext, StageMs } from "../rows/row.ts";

/** What is to be profiled. It is written as JSON, because it may travel to another machine. */
export interface ProfileJob {
  /** Rows of the bench, one after the other. */
  rows: { id: string; title: string }[];
  context: RowContext;
  /** Paths of the pictures, worked through again and again. */
  pictures: string[];
  /** Seconds under the profiler for each row; as many without it, in turns, unless `overhead` is false. */
  seconds: number;
  overhead: boolean;
  /** `false` leaves perf out where it is there. */
  perf: boolean;
  /** Runs of the model under ONNX Runtime's own profiler; 0 leaves it out. */
  operatorRuns: number;
  /** Folder for flame graphs and the report. */
  outDir: string;
}

/** Part of the code that a function belongs to. */
export type Component =
  | "the function's JavaScript"
  | "the row's JavaScript"
  | "the bundle's JavaScript"
  | "packages' JavaScript"
  | "Node and V8"
  | "V8's garbage collector"
  | "V8's compilers"
  | "libvips and its codecs"
  | "libjpeg-turbo"
  | "WebAssembly kernel"
  | "ONNX Runtime"
  | "C library"
  | "kernel"
  | "other";

/** A function's share of CPU time, itself and not what it called. */
export interface Hotspot {
  name: string;
  component: Component;
  /** 0 to 1 of the process's CPU time. */
  share: number;
}

/** CPU time of one operator type inside the model. */
export interface OperatorShare {
  operator: string;
  nodes: number;
  /** 0 to 1 of all operators' time. */
  share: number;
  msPerRun: number;
}

/** How much slower work is under the profilers: paired slices, 0.01 is 1%. */
export interface Overhead {
  wall: { median: number; q1: number; q3: number };
  cpu: { median: number; q1: number; q3: number };
  pairs: number;
}

/** One row's profile. */
export interface RowProfile {
  id: string;
  title: string;
  pictures: number;
  /** Milliseconds a picture of the slices under the profilers. */
  msPerPicture: number;
  cpuMsPerPicture: number;
  /** CPU time by stage, summed: the row's own, or that of the row that does the same one by one. */
  stagesMs: StageMs;
  /** Where shares come from: `perf` sees every thread, V8's profiler the main thread alone. */
  source: "perf" | "V8";
  samples: number;
  hotspots: Hotspot[];
  overhead?: Overhead;
  operators: OperatorShare[];
  /** File names in the output folder. */
  files: string[];
}

export interface ProfileReport {
  schemaVersion: 1;
  machine: Machine;
  seconds: number;
  /** The event that perf counted, or why there is no perf. */
  perf: string;
  rows: RowProfile[];
}
