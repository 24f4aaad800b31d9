import { h, setAttribute, setText } from "./dom.ts";
import { formatCount } from "./format.ts";
import type { Row, RowStatus } from "./model.ts";

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
  readonly #counts = new Map<Group, HTMLElement>();
  readonly #buttons = new Map<Group, HTMLButtonElement>();
  #group: Group = "all";
  #labels = "";

  constructor(onChange: () => void) {
    this.#onChange = onChange;
    this.#search.oninput = onChange;
    this.#label.onchange = onChange;
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
    );
  }

  get isActive(): boolean {
    return this.#group !== "all" || this.#label.value !== "" || this.#search.value !== "";
  }

  clear(): void {
    this.#search.value = "";
    this.#label.value = "";
    this.#choose("all");
  }

  apply(rows: readonly Row[]): Row[] {
    this.#count(rows);
    const statuses = GROUPS.find(({ group }) => group === this.#group)?.statuses ?? [];
    const label = this.#label.value;
    const text = this.#search.value.trim().toLowerCase();
    return rows.filter(
      ({ key, status, picture }) =>
        (statuses.length === 0 || statuses.includes(status)) &&
        (label === "" || picture?.label === label) &&
        (text === "" ||
          key.toLowerCase().includes(text) ||
          picture?.label?.toLowerCase().includes(text) === true ||
          picture?.code?.toLowerCase().includes(text) === true),
    );
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
    const chosen = this.#label.value;
    const options = labels.map(([label, count]) =>
      h("option", { value: label, textContent: `${label} (${formatCount(count)})` }),
    );
    this.#label.replaceChildren(h("option", { value: "", textContent: "All labels" }), ...options);
    this.#label.value = labels.some(([label]) => label === chosen) ? chosen : "";
  }
}
