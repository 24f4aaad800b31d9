import { h, setAttribute, setText } from "./dom.ts";
import { formatCount } from "./format.ts";
import type { Row, RowStatus } from "./model.ts";
import { isOrder, ORDERS, type Order, sortRows } from "./order.ts";

type Group = "all" | "classified" | "rejected" | "waiting";

const GROUPS: readonly {
  readonly group: Group;
  readonly label: string;
  readonly statuses: readonly RowStatus[];
}[] = [
  { group: "all", label: "All", statuses: [] },
  { group: "classified", label: "Classified", statuses: ["classified"] },
  { group: "rejected", label: "Rejected", statuses: ["rejected"] },
  { group: "waiting", label: "Waiting", statuses: ["waiting", "uploading", "dead", "failed"] },
];

/** As the model card says: ask for 0.9 and look at the rest. */
const SCORES: Readonly<
  Record<string, { readonly text: string; readonly holds?: (score: number) => boolean }>
> = {
  "": { text: "All scores" },
  "below-0.5": { text: "Score below 0.5", holds: (score) => score < 0.5 },
  "below-0.7": { text: "Score below 0.7", holds: (score) => score < 0.7 },
  "below-0.9": { text: "Score below 0.9", holds: (score) => score < 0.9 },
  "from-0.9": { text: "Score from 0.9", holds: (score) => score >= 0.9 },
};

/** Filters by status, label and text, with the number of pictures behind each choice. */
export class Filters {
  readonly element: HTMLElement;
  readonly #onChange: () => void;
  readonly #search = h("input", {
    type: "search",
    placeholder: "Filter by name, label or code",
    "aria-label": "Filter by name, label or code",
    autocomplete: "off",
    spellcheck: false,
  });
  readonly #label = h("select", { "aria-label": "Label" });
  readonly #score = h("select", { "aria-label": "Score" });
  readonly #order = h("select", { "aria-label": "Order" });
  readonly #counts = new Map<Group, HTMLElement>();
  readonly #buttons = new Map<Group, HTMLButtonElement>();
  #group: Group = "all";
  /** A label of the address that no picture has yet. */
  #wantedLabel = "";
  #labels = "";

  constructor(onChange: () => void) {
    this.#onChange = onChange;
    this.#search.oninput = onChange;
    this.#label.onchange = () => {
      this.#wantedLabel = "";
      onChange();
    };
    this.#score.append(
      ...Object.entries(SCORES).map(([value, { text }]) => h("option", { value, textContent: text })),
    );
    this.#order.append(
      ...Object.entries(ORDERS).map(([value, textContent]) => h("option", { value, textContent })),
    );
    this.#score.onchange = onChange;
    this.#order.onchange = onChange;
    const buttons = GROUPS.map(({ group, label }) => {
      const count = h("span", { class: "count", textContent: "0" });
      const button = h(
        "button",
        { type: "button", "aria-pressed": String(group === "all") },
        label,
        " ",
        count,
      );
      button.onclick = () => this.#choose(group);
      this.#counts.set(group, count);
      this.#buttons.set(group, button);
      return button;
    });
    this.element = h(
      "search",
      { class: "filters" },
      h("div", { class: "segments", role: "group", "aria-label": "Status" }, ...buttons),
      h("div", { class: "filter-row" }, this.#search, this.#label),
      h("div", { class: "filter-row" }, this.#score, this.#order),
    );
  }

  get isActive(): boolean {
    return [...this.state().keys()].some((name) => name !== "order");
  }

  clear(): void {
    this.#search.value = "";
    this.#label.value = "";
    this.#wantedLabel = "";
    this.#score.value = "";
    this.#choose("all");
  }

  apply(rows: readonly Row[]): Row[] {
    this.#count(rows);
    const statuses = GROUPS.find(({ group }) => group === this.#group)?.statuses ?? [];
    const label = this.#label.value || this.#wantedLabel;
    const { holds } = SCORES[this.#score.value] ?? {};
    const text = this.#search.value.trim().toLowerCase();
    const passing = rows.filter(
      ({ key, status, picture }) =>
        (statuses.length === 0 || statuses.includes(status)) &&
        (label === "" || picture?.label === label) &&
        (holds === undefined || (picture?.score !== undefined && holds(picture.score))) &&
        (text === "" ||
          key.toLowerCase().includes(text) ||
          picture?.label?.toLowerCase().includes(text) === true ||
          picture?.code?.toLowerCase().includes(text) === true ||
          picture?.model?.toLowerCase().includes(text) === true),
    );
    return sortRows(passing, isOrder(this.#order.value) ? this.#order.value : "newest");
  }

  /** What is chosen, for the page's address; nothing where nothing is. */
  state(): URLSearchParams {
    const chosen = {
      status: this.#group === "all" ? "" : this.#group,
      label: this.#label.value || this.#wantedLabel,
      score: this.#score.value,
      order: this.#order.value === "newest" ? "" : this.#order.value,
      text: this.#search.value,
    };
    return new URLSearchParams(Object.entries(chosen).filter(([, value]) => value !== ""));
  }

  restore(state: URLSearchParams): void {
    const get = (name: string): string => state.get(name) ?? "";
    this.#search.value = get("text");
    this.#score.value = get("score") in SCORES ? get("score") : "";
    const order: Order = isOrder(get("order")) ? (get("order") as Order) : "newest";
    this.#order.value = order;
    this.#wantedLabel = get("label");
    this.#choose(GROUPS.find(({ group }) => group === get("status"))?.group ?? "all");
  }

  #choose(group: Group): void {
    this.#group = group;
    for (const [name, button] of this.#buttons) setAttribute(button, "aria-pressed", String(name === group));
    this.#onChange();
  }

  #count(rows: readonly Row[]): void {
    const labels = new Map<string, number>();
    const counts = new Map<RowStatus, number>();
    for (const { status, picture } of rows) {
      counts.set(status, (counts.get(status) ?? 0) + 1);
      const label = picture?.label;
      if (label !== undefined) labels.set(label, (labels.get(label) ?? 0) + 1);
    }
    for (const { group, statuses } of GROUPS) {
      const total = statuses.reduce((sum, status) => sum + (counts.get(status) ?? 0), 0);
      const element = this.#counts.get(group);
      if (element !== undefined) setText(element, formatCount(group === "all" ? rows.length : total));
    }
    this.#offer([...labels].sort(([a], [b]) => a.localeCompare(b)));
  }

  #offer(labels: readonly (readonly [string, number])[]): void {
    // Options are replaced only when they differ: an open list must not close under the pointer.
    const signature = JSON.stringify(labels);
    if (signature === this.#labels || document.activeElement === this.#label) return;
    this.#labels = signature;
    const chosen = this.#label.value || this.#wantedLabel;
    const options = labels.map(([label, count]) =>
      h("option", { value: label, textContent: `${label} (${formatCount(count)})` }),
    );
    this.#label.replaceChildren(h("option", { value: "", textContent: "All labels" }), ...options);
    const isThere = labels.some(([label]) => label === chosen);
    this.#label.value = isThere ? chosen : "";
    if (isThere) this.#wantedLabel = "";
  }
}
