import type { PastResult } from "../api.ts";
import { h, setStyle } from "./dom.ts";
import { formatDuration } from "./format.ts";
import { STAGES } from "./stage-bar.ts";

interface Span {
  readonly name: string;
  readonly className: string;
  /** Milliseconds after the first span's beginning. */
  readonly from: number;
  readonly ms: number;
}

/**
 * The way of one upload, span after span: its own upload where this page made it, the queue, the stages, publishing.
 * The result says how long each stage took and when the last one ended; what an invocation spent on none of them is
 * one span before them, because the result does not say where it lay.
 */
export function spansOf(result: PastResult, uploadMs: number | undefined): Span[] {
  const { uploadedAt, startedAt, classifiedAt, storedAt, timingsMs } = result;
  if (timingsMs === undefined) return [];
  const stages = STAGES.map((stage) => [stage, timingsMs[stage]] as const);
  const stagesMs = stages.reduce((sum, [, ms]) => sum + ms, 0);
  const queued = startedAt === undefined ? classifiedAt - stagesMs - uploadedAt : startedAt - uploadedAt;
  const waited = startedAt === undefined ? 0 : classifiedAt - startedAt - stagesMs;
  const all: (readonly [string, number])[] = [
    ["upload", uploadMs ?? 0],
    ["queue", queued],
    ["turn", waited],
    ...stages,
    ["publish", storedAt === undefined ? 0 : storedAt - classifiedAt],
  ];
  let from = 0;
  return all.flatMap(([name, ms]) => {
    // Clocks of two processes may differ by a millisecond.
    if (!(ms > 0)) return [];
    const span = { name, className: `stage-${name}`, from, ms };
    from += ms;
    return [span];
  });
}

const MEANING: Readonly<Record<string, string>> = {
  upload: "from this browser into the bucket",
  queue: "from the bucket to the beginning of its invocation",
  turn: "in the invocation, while others of its batch had a turn",
  publish: "until the result was stored",
};

export function waterfall(result: PastResult, uploadMs: number | undefined): HTMLElement[] {
  const spans = spansOf(result, uploadMs);
  const last = spans.at(-1);
  if (last === undefined) return [];
  const whole = last.from + last.ms;
  const rows = spans.map(({ name, className, from, ms }) => {
    const bar = h("span", { class: `span ${className}` });
    setStyle(bar, { left: `${(100 * from) / whole}%`, width: `${(100 * ms) / whole}%` });
    return h(
      "li",
      { title: MEANING[name] ?? "" },
      h("span", { class: "name", textContent: name }),
      h("span", { class: "lane", "aria-hidden": "true" }, bar),
      h("span", { class: "number", textContent: formatDuration(ms) }),
    );
  });
  return [
    h(
      "h3",
      {},
      "Its way, from upload to result",
      h("span", { class: "number", textContent: formatDuration(whole) }),
    ),
    h("ol", { class: "waterfall" }, ...rows),
  ];
}
