import { Session } from "node:inspector/promises";

/** How much of a piece of work was this project's own JavaScript. */
export interface OwnJavaScript {
  /** Self time of functions of `src/function`, as V8's profiler samples it. */
  ownMs: number;
  /** User and system time of the whole process, all threads. */
  cpuMs: number;
}

const OWN_CODE = /\/src\/function\//;
/** Often enough for 100 pictures to give a thousand samples, and seldom enough to cost little itself. */
const SAMPLING_INTERVAL_US = 250;

/** Runs `work` under V8's profiler. What is inlined counts as the function that it was written in. */
export async function measureOwnJavaScript(work: () => Promise<unknown>): Promise<OwnJavaScript> {
  const session = new Session();
  session.connect();
  try {
    await session.post("Profiler.enable");
    await session.post("Profiler.setSamplingInterval", { interval: SAMPLING_INTERVAL_US });
    await session.post("Profiler.start");
    const start = process.cpuUsage();
    await work();
    const { user, system } = process.cpuUsage(start);
    const { profile } = await session.post("Profiler.stop");
    const own = new Set(
      profile.nodes.filter(({ callFrame }) => OWN_CODE.test(callFrame.url)).map(({ id }) => id),
    );
    const { samples = [], timeDeltas = [] } = profile;
    // A delta is the time before its sample, so a sample lasts until the next one.
    const ownUs = samples.reduce((sum, id, i) => sum + (own.has(id) ? (timeDeltas[i + 1] ?? 0) : 0), 0);
    return { ownMs: ownUs / 1000, cpuMs: (user + system) / 1000 };
  } finally {
    session.disconnect();
  }
}
