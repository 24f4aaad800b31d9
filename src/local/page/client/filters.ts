import { Choice, type Option } from "./choice.ts";
import { h, setAttribute, setText } from "./dom.ts";
import { formatCount } from "./format.ts";
import type { Row, RowStatus } from "./model.ts";
import { isOrder, ORDERS, sortRows } from "./order.ts";

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
  Record<string, { readonly text: string; readonly holds: (score: number) => boolean }>
> = {
  "below-0.5": { text: "Score below 0.5", holds: (score) => score < 0.5 },
  "below-0.7": { text: "Score below 0.7", holds: (score) => score < 0.7 },
  "below-0.9": { text: "Score below 0.9", holds: (score) => score < 0.9 },
  "from-0.9": { text: "Score from 0.9", holds: (score) => score >= 0.9 },
};

const MINUTE_MS = 60_000;
/** How long ago the upload may have come. */
const TIMES: Readonly<Record<string, { readonly text: string; readonly ms: number }>> = {
  "5m": { text: "Last 5 minutes", ms: 5 * MINUTE_MS },
  "1h": { text: "Last hour", ms: 60 * MINUTE_MS },
  "1d": { text: "Last day", ms: 24 * 60 * MINUTE_MS },
  "7d": { text: "Last week", ms: 7 * 24 * 60 * MINUTE_MS },
};

/** Filters by status, label, score, model, time and text, with the number of pictures behind each choice. */
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
  readonly #order = h("select", { "aria-label": "Order" });
  readonly #choices: { readonly [Name in "label" | "score" | "model" | "time"]: Choice };
  readonly #counts = new Map<Group, HTMLElement>();
  readonly #buttons = new Map<Group, HTMLButtonElement>();
  #group: Group = "all";
  /** What passed last: most of what happens on the page leaves rows and filters as they are. */
  #passed: { readonly of: readonly Row[]; readonly by: string; readonly rows: readonly Row[] } | undefined;

  constructor(onChange: () => void) {
    this.#onChange = onChange;
    this.#search.oninput = onChange;
    this.#choices = {
      label: new Choice("Label", "All labels", onChange),
      score: new Choice("Score", "All scores", onChange, optionsOf(SCORES)),
      model: new Choice("Classified by", "All models", onChange),
      time: new Choice("Uploaded", "Any time", onChange, optionsOf(TIMES)),
    };
    this.#order.append(
      ...Object.entries(ORDERS).map(([value, textContent]) => h("option", { value, textContent })),
    );
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
      h("div", { class: "filter-row" }, this.#search, this.#order),
      h(
        "div",
        { class: "filter-row choices" },
        ...Object.values(this.#choices).map(({ element }) => element),
      ),
    );
  }

  get isActive(): boolean {
    return [...this.state().keys()].some((name) => name !== "order");
  }

  clear(): void {
    this.restore(new URLSearchParams({ order: this.#order.value }));
  }

  apply(rows: readonly Row[]): readonly Row[] {
    this.#count(rows);
    const by = `${this.state()}`;
    // Time passes by itself.
    const isSame = this.#passed?.of === rows && this.#passed.by === by && this.#choices.time.value === "";
    if (!isSame) this.#passed = { of: rows, by, rows: this.#pass(rows) };
    return this.#passed?.rows ?? [];
  }

  #pass(rows: readonly Row[]): readonly Row[] {
    const { label, score, model, time } = this.#choices;
    const statuses = GROUPS.find(({ group }) => group === this.#group)?.statuses ?? [];
    const holds = SCORES[score.value]?.holds;
    const since = Date.now() - (TIMES[time.value]?.ms ?? Number.POSITIVE_INFINITY);
    const text = this.#search.value.trim().toLowerCase();
    const passing = rows.filter(
      ({ key, status, picture }) =>
        (statuses.length === 0 || statuses.includes(status)) &&
        (label.value === "" || picture?.label === label.value) &&
        (model.value === "" || picture?.model === model.value) &&
        (holds === undefined || (picture?.score !== undefined && holds(picture.score))) &&
        (picture?.uploadedAt ?? Date.now()) >= since &&
        (text === "" || searchable(key, picture).some((field) => field?.toLowerCase().includes(text))),
    );
    return sortRows(passing, isOrder(this.#order.value) ? this.#order.value : "newest");
  }

  /** What is chosen, for the page's address; nothing where nothing is. */
  state(): URLSearchParams {
    const { label, score, model, time } = this.#choices;
    const chosen = {
      status: this.#group === "all" ? "" : this.#group,
      label: label.value,
      score: score.value,
      model: model.value,
      time: time.value,
      order: this.#order.value === "newest" ? "" : this.#order.value,
      text: this.#search.value,
    };
    return new URLSearchParams(Object.entries(chosen).filter(([, value]) => value !== ""));
  }

  restore(state: URLSearchParams): void {
    const get = (name: string): string => state.get(name) ?? "";
    this.#search.value = get("text");
    this.#order.value = isOrder(get("order")) ? get("order") : "newest";
    const { label, score, model, time } = this.#choices;
    label.value = get("label");
    model.value = get("model");
    score.value = Object.hasOwn(SCORES, get("score")) ? get("score") : "";
    time.value = Object.hasOwn(TIMES, get("time")) ? get("time") : "";
    this.#choose(GROUPS.find(({ group }) => group === get("status"))?.group ?? "all");
  }

  #choose(group: Group): void {
    this.#group = group;
    for (const [name, button] of this.#buttons) setAttribute(button, "aria-pressed", String(name === group));
    this.#onChange();
  }

  #count(rows: readonly Row[]): void {
    const labels = new Map<string, number>();
    const models = new Map<string, number>();
    const counts = new Map<RowStatus, number>();
    for (const { status, picture } of rows) {
      add(counts, status);
      if (picture?.label !== undefined) add(labels, picture.label);
      if (picture?.model !== undefined) add(models, picture.model);
    }
    for (const { group, statuses } of GROUPS) {
      const total = statuses.reduce((sum, status) => sum + (counts.get(status) ?? 0), 0);
      const element = this.#counts.get(group);
      if (element !== undefined) setText(element, formatCount(group === "all" ? rows.length : total));
    }
    this.#choices.label.offer(countedOptions(labels));
    this.#choices.model.offer(countedOptions(models));
  }
}

function searchable(key: string, picture: Row["picture"]): readonly (string | undefined)[] {
  const { label, code, model, heads = [], isUnknown } = picture ?? {};
  return [key, label, code, model, ...heads, isUnknown ? "unknown" : undefined];
}

function add<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function countedOptions(counts: ReadonlyMap<string, number>): Option[] {
  return [...counts]
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([value, count]) => ({ value, text: `${value} (${formatCount(count)})` }));
}

function optionsOf(choices: Readonly<Record<string, { readonly text: string }>>): Option[] {
  return Object.entries(choices).map(([value, { text }]) => ({ value, text }));
}
