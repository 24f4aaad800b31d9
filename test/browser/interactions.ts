import type { CDPSession, Page } from "playwright-core";

/** Event Timing of every interaction, in the page: https://www.w3.org/TR/event-timing. Below 16 ms there is no entry. */
export const OBSERVE_INTERACTIONS = `
  window.interactions = [];
  new PerformanceObserver((list) => {
    for (const { name, duration, interactionId } of list.getEntries())
      if (interactionId > 0) window.interactions.push({ name, duration });
  }).observe({ type: "event", durationThreshold: 16, buffered: true });
`;

export interface Interaction {
  readonly name: string;
  /** From the input to the next paint; other work on the machine is in it. */
  readonly duration: number;
}

/** The slowest interaction since this was asked last. */
export async function slowestInteraction(page: Page): Promise<Interaction> {
  const interactions = await page.evaluate(() => {
    const { interactions } = globalThis as unknown as { interactions: Interaction[] };
    return interactions.splice(0);
  });
  return interactions.reduce((a, b) => (b.duration > a.duration ? b : a), { name: "none", duration: 0 });
}

interface TraceEvent {
  readonly name: string;
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  readonly ts: number;
  readonly dur?: number;
  readonly tdur?: number;
  readonly args: { readonly data?: { readonly type?: string } };
}

const CATEGORIES = ["devtools.timeline", "disabled-by-default-devtools.timeline"];
const INPUTS = new Set(["pointerdown", "keydown"]);
/** What the page acts upon. */
const ACTS = new Set(["click", "keydown", "input", "change"]);

/**
 * CPU time of the page's main thread, in milliseconds, from an input to the commit of the frame that answers it: scripts, style,
 * layout and paint. Unlike the time of Event Timing it does not grow when others have the processor.
 *
 * @param interact gives the page one input by mouse or keyboard, and runs no script in it
 */
export async function cpuUntilPaint(
  page: Page,
  session: CDPSession,
  interact: () => Promise<unknown>,
): Promise<number> {
  const events: TraceEvent[] = [];
  const collect = ({ value }: { value: object[] }) => events.push(...(value as TraceEvent[]));
  session.on("Tracing.dataCollected", collect);
  const traceConfig = { includedCategories: CATEGORIES };
  await session.send("Tracing.start", { transferMode: "ReportEvents", traceConfig });
  await interact();
  await page.evaluate(
    () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))),
  );
  const complete = new Promise((resolve) => session.once("Tracing.tracingComplete", resolve));
  await session.send("Tracing.end");
  await complete;
  session.off("Tracing.dataCollected", collect);
  return cpuOf(events);
}

function cpuOf(events: readonly TraceEvent[]): number {
  const typeOf = ({ name, args }: TraceEvent) => (name === "EventDispatch" ? (args.data?.type ?? "") : "");
  const input = events.filter((event) => INPUTS.has(typeOf(event))).sort(byTime)[0];
  if (input === undefined) throw new Error("the page has got no input");
  const own = events
    .filter(({ ph, pid, tid, ts }) => ph === "X" && pid === input.pid && tid === input.tid && ts >= 0)
    .sort(byTime);
  const act = own.find((event) => event.ts >= input.ts && ACTS.has(typeOf(event)));
  const commit = own.find(({ name, ts }) => name === "Commit" && ts >= (act ?? input).ts);
  if (commit === undefined) throw new Error("no frame answers the input");
  const end = commit.ts + (commit.dur ?? 0);
  const tasks = own.filter(
    ({ name, ts, dur = 0 }) => name === "RunTask" && ts + dur >= input.ts && ts <= end,
  );
  return tasks.reduce((sum, { tdur = 0 }) => sum + tdur, 0) / 1000;
}

function byTime(a: TraceEvent, b: TraceEvent): number {
  return a.ts - b.ts;
}
