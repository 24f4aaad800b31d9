import { Presets, SingleBar } from "cli-progress";

export interface Progress {
  /** @param done of `total`, in the unit of the progress. */
  update(done: number): void;
  stop(): void;
}

export interface ProgressOptions {
  readonly label: string;
  readonly total: number;
  /** What `total` counts, for example `pictures` or `MB`. */
  readonly unit: string;
  readonly stream?: NodeJS.WriteStream;
}

/** A bar on a terminal; elsewhere, such as in a CI log, one plain line each tenth. On stderr unless told otherwise. */
export function startProgress(options: ProgressOptions): Progress {
  const stream = options.stream ?? process.stderr;
  return stream.isTTY ? barOn(stream, options) : linesOn(stream, options);
}

function barOn(stream: NodeJS.WriteStream, { label, total, unit }: ProgressOptions): Progress {
  const format = `${label} {bar} {percentage}% | {value}/{total} ${unit} | {eta_formatted} left`;
  const bar = new SingleBar(
    { format, stream, hideCursor: true, clearOnComplete: true },
    Presets.shades_classic,
  );
  bar.start(total, 0);
  return { update: (done) => bar.update(round(done)), stop: () => bar.stop() };
}

function linesOn(stream: NodeJS.WritableStream, { label, total, unit }: ProgressOptions): Progress {
  let lastTenth = 0;
  return {
    update(done) {
      const tenth = Math.floor((10 * done) / Math.max(total, Number.EPSILON));
      if (tenth <= lastTenth) return;
      lastTenth = tenth;
      stream.write(`${label} ${10 * tenth}% (${round(done)} of ${round(total)} ${unit})\n`);
    },
    stop() {},
  };
}

function round(value: number): number {
  return Math.round(10 * value) / 10;
}
