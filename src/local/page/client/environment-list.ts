import type { EnvironmentView } from "../api.ts";
import { h } from "./dom.ts";
import { count, formatDuration } from "./format.ts";

/** The Lambda environments that are alive, and those that have just ended. */
export class EnvironmentList {
  readonly element = h("ul", { class: "environments", "aria-label": "Lambda environments", tabIndex: 0 });
  #shown = "";

  draw(environments: readonly EnvironmentView[]): void {
    const signature = JSON.stringify(environments);
    if (signature === this.#shown) return;
    this.#shown = signature;
    const none = h("li", { class: "quiet", textContent: "No environment yet: the first upload starts one." });
    const items = environments.map(describe);
    this.element.replaceChildren(...(items.length > 0 ? items : [none]));
  }
}

function describe(environment: EnvironmentView): HTMLElement {
  const { id, state, reason, initDurationMs, invocations, maxMemoryUsedMb } = environment;
  const facts = [
    state === "dead" ? (reason ?? "ended") : state,
    initDurationMs === null ? undefined : `cold start ${formatDuration(initDurationMs)}`,
    count(invocations, "batch", "batches"),
    maxMemoryUsedMb > 0 ? `${maxMemoryUsedMb} MB` : undefined,
  ];
  const text = facts.filter((fact) => fact !== undefined).join(" · ");
  return h(
    "li",
    { "data-state": state, title: `${id}: ${text}` },
    h("span", { class: "dot", "aria-hidden": "true" }),
    h("strong", { textContent: id }),
    h("span", { class: "quiet", textContent: text }),
  );
}
