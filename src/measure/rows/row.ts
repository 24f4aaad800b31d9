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
}

/** Milliseconds of one picture by stage. */
export type StageMs = Readonly<Record<string, number>>;

/** One picture is done: its latency, its stages where the row knows them, and its best label's index. */
export type OnPicture = (latencyMs: number, stages?: StageMs, top?: number) => void;

/** A row that is ready: models loaded, nothing measured yet. */
export interface OpenRow {
  /** Versions of what it runs on, where that is not in this project's own lockfile. */
  versions?: Record<string, string>;
  /** Works through all pictures as this method does: in order, or several at once. */
  run(pictures: readonly Uint8Array[], onPicture: OnPicture): Promise<void>;
  close?(): Promise<void>;
}

export type OpensRow = (context: RowContext) => Promise<OpenRow>;

/** One picture after the other. */
export async function inOrder(
  pictures: readonly Uint8Array[],
  onPicture: OnPicture,
  work: (bytes: Uint8Array) => Promise<{ stages?: StageMs; top?: number }>,
): Promise<void> {
  for (const bytes of pictures) {
    const start = performance.now();
    const { stages, top } = await work(bytes);
    onPicture(performance.now() - start, stages, top);
  }
}

/** `lanes` pictures at once; `work` is told its lane, so that each has buffers of its own. */
export async function inLanes(
  pictures: readonly Uint8Array[],
  lanes: number,
  onPicture: OnPicture,
  work: (bytes: Uint8Array, lane: number) => Promise<{ stages?: StageMs; top?: number }>,
): Promise<void> {
  let next = 0;
  const runLane = async (lane: number): Promise<void> => {
    for (let bytes = pictures[next++]; bytes !== undefined; bytes = pictures[next++]) {
      const start = performance.now();
      const { stages, top } = await work(bytes, lane);
      onPicture(performance.now() - start, stages, top);
    }
  };
  await Promise.all(Array.from({ length: lanes }, (_, lane) => runLane(lane)));
}
