import cliProgress from "cli-progress";

/** A progress bar on standard error; silent where that is no terminal. */
export interface Progress {
  step(label: string): void;
  stop(): void;
}

export function startProgress(title: string, total: number): Progress {
  const bar = new cliProgress.SingleBar(
    {
      format: `${title} {bar} {value}/{total} {label}`,
      stream: process.stderr,
      noTTYOutput: false,
      hideCursor: true,
      clearOnComplete: true,
    },
    cliProgress.Presets.shades_classic,
  );
  bar.start(total, 0, { label: "" });
  return {
    step: (label) => bar.increment(1, { label: label.padEnd(32) }),
    stop: () => bar.stop(),
  };
}
