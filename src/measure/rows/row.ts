import type { Cores } from "../cores.ts";

/** What a row of the bench is given. Every path is absolute. */
export interface RowContext {
  /** The model as deployed: INT8 weights, float32 input. */
  modelDir: string;
  /** The same weights with uint8 NHWC input. */
  uint8ModelDir: string;
  /** The same weights as float32. */
  float32ModelDir: string;
  /** The same model in the folder layout that transformers.js reads: parent folder and name. */
  transformersModel: { dir: string; name: string };
  /** Where the peers of `peers/package.json` are installed. */
  peersDir: string;
  imagesInFlight: number;
  /** That its process is kept to; all when left out. */
  cores?: Cores;
  /** The built function, as deployed. */
  bundle: string;
}

/** CPU milliseconds of one picture by stage. */
export type StageMs = Readonly<Record<string, number>>;

/** What a row tells of one picture. */
export interface Done {
  /** Only from rows that work on one picture at a time: the CPU time of overlapped stages cannot be told apart. */
  stages?: StageMs;
  /** Index of the best label, where the row classifies. */
  top?: number | undefined;
}

/** One picture is done: its place among the pictures, and its latency. */
export type OnPicture = (index: number, latencyMs: number, done: Done) => void;

/** A row that is ready: models loaded, nothing measured yet. */
export interface OpenRow {
  /** Versions of what it runs on, where that is not in this project's own lockfile. */
  versions?: Record<string, string>;
  /** What has to be done with the pictures before they can be worked through; it is not measured. */
  prepare?(pictures: readonly Uint8Array[]): Promise<void>;
  /** Works through all pictures as this method does: in order, or several at once. */
  run(pictures: readonly Uint8Array[], onPicture: OnPicture): Promise<void>;
  close?(): Promise<void>;
}

export type OpensRow = (context: RowContext) => Promise<OpenRow>;

/** One picture after the other. */
export function inOrder(
  pictures: readonly Uint8Array[],
  onPicture: OnPicture,
  work: (bytes: Uint8Array) => Promise<Done>,
): Promise<void> {
  return inLanes(pictures, 1, onPicture, work);
}

/** `lanes` pictures at once. */
export async function inLanes(
  pictures: readonly Uint8Array[],
  lanes: number,
  onPicture: OnPicture,
  work: (bytes: Uint8Array) => Promise<Done>,
): Promise<void> {
  const queue = pictures.entries();
  const runLane = async (): Promise<void> => {
    for (const [index, bytes] of queue) {
      const start = performance.now();
      const done = await work(bytes);
      onPicture(index, performance.now() - start, done);
    }
  };
  await Promise.all(Array.from({ length: lanes }, runLane));
}

/** Tells one picture's CPU time by stage: of the whole process, the threads of libvips and ONNX Runtime included. */
export function stageClock(): { readonly stages: StageMs; end(stage: string): void } {
  const stages: Record<string, number> = {};
  let start = process.cpuUsage();
  return {
    stages,
    end(stage) {
      const { user, system } = process.cpuUsage(start);
      stages[stage] = (user + system) / 1000;
      start = process.cpuUsage();
    },
  };
}
