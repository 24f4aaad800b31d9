const BAR_CELLS = 24;
/** A terminal is not drawn on more often than this. */
const DRAW_MS = 60;

export interface Progress {
  /** @param done of `total`, in the unit of the progress. */
  update(done: number): void;
  /** Prints a line of results above the bar, where both stand on one terminal. */
  print(line: string): void;
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

/** The bar is the last line, and nothing else: it is cleared, the line is printed, and it is drawn again. */
function barOn(stream: NodeJS.WriteStream, options: ProgressOptions): Progress {
  const startedAt = performance.now();
  let value = 0;
  let drawnAt = Number.NEGATIVE_INFINITY;
  let isStopped = false;
  const clear = (): boolean => stream.write("\r\x1b[K");
  const draw = (): void => {
    drawnAt = performance.now();
    const left = value > 0 ? ((drawnAt - startedAt) / value) * (options.total - value) : undefined;
    stream.write(`\r\x1b[K${barText(options, value, left, (stream.columns || 80) - 1)}`);
  };
  draw();
  return {
    update(done) {
      value = done;
      if (!isStopped && performance.now() - drawnAt >= DRAW_MS) draw();
    },
    print(line) {
      const isSameTerminal = process.stdout.isTTY && !isStopped;
      if (isSameTerminal) clear();
      process.stdout.write(`${line}\n`);
      if (isSameTerminal) draw();
    },
    stop() {
      if (!isStopped) clear();
      isStopped = true;
    },
  };
}

/** `classify ███████░░░░░ 45% | 9/20 pictures | 12 s left`, without the bar where the terminal is narrow. */
function barText(
  { label, total, unit }: ProgressOptions,
  value: number,
  leftMs: number | undefined,
  columns: number,
): string {
  const share = total > 0 ? Math.min(1, value / total) : 1;
  const filled = Math.round(share * BAR_CELLS);
  const bar = "█".repeat(filled) + "░".repeat(BAR_CELLS - filled);
  const numbers = `${Math.floor(100 * share)}% | ${round(value)}/${round(total)} ${unit}`;
  const left = leftMs === undefined ? "" : ` | ${formatSeconds(leftMs / 1000)} left`;
  const texts = [`${label} ${bar} ${numbers}${left}`, `${label} ${numbers}${left}`, `${label} ${numbers}`];
  return texts.find((text) => text.length <= columns) ?? numbers.slice(0, columns);
}

function formatSeconds(seconds: number): string {
  return seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.ceil(seconds / 60)} min`;
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
    print(line) {
      process.stdout.write(`${line}\n`);
    },
    stop() {},
  };
}

function round(value: number): number {
  return Math.round(10 * value) / 10;
}
