import type { PastResult } from "../api.ts";
import { h } from "./dom.ts";
import { formatScore } from "./format.ts";

/** What other models said of the same picture, and when. */
export function pastResults(results: readonly PastResult[]): HTMLElement[] {
  if (results.length < 2) return [];
  const rows = results
    .toReversed()
    .map(({ model, label, score, code, classifiedAt }) =>
      h(
        "li",
        {},
        h("span", { class: "name", textContent: model }),
        h("strong", { textContent: label ?? code ?? "" }),
        h("span", { class: "number", textContent: score === undefined ? "" : formatScore(score) }),
        h("span", { class: "quiet", textContent: new Date(classifiedAt).toLocaleString("en-GB") }),
      ),
    );
  return [h("h3", { textContent: "By each model" }), h("ul", { class: "past" }, ...rows)];
}
