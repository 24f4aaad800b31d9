import type { StageTimes } from "../api.ts";
import { h, setStyle } from "./dom.ts";
import { formatDuration, formatShare } from "./format.ts";

export const STAGES = [
  "fetch",
  "decode",
  "normalize",
  "infer",
  "rank",
] as const satisfies readonly (keyof StageTimes)[];

export function totalMs(times: StageTimes): number {
  return STAGES.reduce((total, stage) => total + times[stage], 0);
}

/** One bar of the stages; `update` redraws it in place, as wide as its share of `fullMs`. */
export function createStageBar(): {
  readonly element: HTMLElement;
  update(times: StageTimes, fullMs: number): void;
} {
  const parts = STAGES.map((stage) => h("span", { class: `stage stage-${stage}` }));
  const element = h("span", { class: "stage-bar", "aria-hidden": "true" }, ...parts);
  return {
    element,
    update(times, fullMs) {
      for (const [index, stage] of STAGES.entries()) {
        const part = parts[index];
        if (part !== undefined) setStyle(part, { width: `${(100 * times[stage]) / fullMs}%` });
      }
    },
  };
}

/** Names, times and shares of the stages as a list, which is also what a screen reader gets. */
export function stageLegend(times: StageTimes): HTMLElement {
  const total = totalMs(times);
  const items = STAGES.map((stage) =>
    h(
      "li",
      {},
      h("span", { class: `swatch stage-${stage}` }),
      h("span", { class: "name", textContent: stage }),
      h("span", { class: "number", textContent: formatDuration(times[stage]) }),
      h("span", { class: "share", textContent: formatShare(times[stage] / total) }),
    ),
  );
  return h("ul", { class: "stage-legend" }, ...items);
}
