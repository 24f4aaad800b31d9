import type { PageInfo } from "../api.ts";
import { h, setAttribute, setStyle } from "./dom.ts";
import type { Row } from "./model.ts";
import { RowView } from "./row-view.ts";
import { totalMs } from "./stage-bar.ts";

/** Height of a row in CSS pixels, also in styles/rows.css. */
const ROW_HEIGHT = 64;
const OVERSCAN = 4;

/**
 * A list of any length with only the visible rows in the document. One tab stop: arrows, Page Up and Down, Home
 * and End move, Enter opens.
 */
export class VirtualList {
  readonly element = h("div", {
    class: "list",
    role: "listbox",
    tabIndex: 0,
    "aria-label": "Pictures",
  });
  readonly #space = h("div", { class: "space" });
  readonly #views: RowView[] = [];
  readonly #onOpen: (row: Row) => void;
  #rows: readonly Row[] = [];
  #info: PageInfo | undefined;
  #model = "";
  #activeKey: string | undefined;

  constructor(onOpen: (row: Row) => void) {
    this.#onOpen = onOpen;
    this.element.append(this.#space);
    this.element.addEventListener("scroll", () => this.#draw(), { passive: true });
    this.element.addEventListener("keydown", (event) => this.#onKey(event));
    this.element.addEventListener("focus", () => this.#draw());
    this.element.addEventListener("blur", () => this.#draw());
    this.#space.addEventListener("click", ({ target }) => {
      const view = this.#views.find(({ element }) => element.contains(target as Node));
      if (view?.row === undefined) return;
      this.#activeKey = view.row.key;
      this.#draw();
      this.#onOpen(view.row);
    });
    new ResizeObserver(() => this.#draw()).observe(this.element);
  }

  /** Shows other rows. When one has scrolled down, what is in view stays in view. */
  show(rows: readonly Row[], info: PageInfo | undefined, model = ""): void {
    this.#model = model;
    const top = Math.floor(this.element.scrollTop / ROW_HEIGHT);
    const anchor = top > 0 ? this.#rows[top]?.key : undefined;
    const offset = this.element.scrollTop - top * ROW_HEIGHT;
    this.#rows = rows;
    this.#info = info;
    setStyle(this.#space, { height: `${rows.length * ROW_HEIGHT}px` });
    if (anchor !== undefined) {
      const index = rows.findIndex(({ key }) => key === anchor);
      if (index >= 0 && index !== top) this.element.scrollTop = index * ROW_HEIGHT + offset;
    }
    this.#draw();
  }

  /** The row before or after another one, for the detail view. */
  neighbour(key: string, step: 1 | -1): Row | undefined {
    const index = this.#rows.findIndex((row) => row.key === key);
    return index < 0 ? undefined : this.#rows[index + step];
  }

  activate(key: string): void {
    this.#activeKey = key;
    const index = this.#rows.findIndex((row) => row.key === key);
    if (index >= 0) this.#reveal(index);
    this.#draw();
  }

  #draw(): void {
    const { scrollTop, clientHeight } = this.element;
    const first = Math.max(0, Math.floor(scrollTop / ROW_HEIGHT) - OVERSCAN);
    const last = Math.min(this.#rows.length, Math.ceil((scrollTop + clientHeight) / ROW_HEIGHT) + OVERSCAN);
    const slowest = this.#fullMs(first, last);
    const count = last - first;
    while (this.#views.length < count) {
      const view = new RowView(`row-${this.#views.length}`);
      this.#views.push(view);
      this.#space.append(view.element);
    }
    let activeId = "";
    for (let index = first; index < last; index += 1) {
      const row = this.#rows[index];
      // The same row keeps the same element while it is in view: index modulo the number of elements.
      const view = this.#views[index % this.#views.length];
      if (row === undefined || view === undefined) continue;
      view.update(row, this.#info, slowest, this.#model);
      const isActive = row.key === this.#activeKey;
      if (isActive) activeId = view.element.id;
      setStyle(view.element, { transform: `translateY(${index * ROW_HEIGHT}px)`, display: "" });
      setAttribute(view.element, "aria-selected", String(isActive));
      setAttribute(view.element, "aria-posinset", String(index + 1));
      setAttribute(view.element, "aria-setsize", String(this.#rows.length));
    }
    for (const [slot, view] of this.#views.entries()) {
      const shift = (slot - (first % this.#views.length) + this.#views.length) % this.#views.length;
      if (shift >= count) setStyle(view.element, { display: "none" });
    }
    setAttribute(this.element, "aria-activedescendant", activeId);
  }

  /** Twice the median of the rows in view, so that one slow picture does not flatten the others. */
  #fullMs(first: number, last: number): number {
    const totals: number[] = [];
    for (let index = first; index < last; index += 1) {
      const times = this.#rows[index]?.picture?.timingsMs;
      if (times !== undefined) totals.push(totalMs(times));
    }
    totals.sort((a, b) => a - b);
    return Math.max(1, 2 * (totals[Math.floor(totals.length / 2)] ?? 0));
  }

  #onKey(event: KeyboardEvent): void {
    const page = Math.max(1, Math.floor(this.element.clientHeight / ROW_HEIGHT) - 1);
    const steps: Readonly<Record<string, number>> = {
      ArrowDown: 1,
      ArrowUp: -1,
      PageDown: page,
      PageUp: -page,
      Home: Number.NEGATIVE_INFINITY,
      End: Number.POSITIVE_INFINITY,
    };
    const current = this.#rows.findIndex(({ key }) => key === this.#activeKey);
    const step = steps[event.key];
    if (step !== undefined) {
      event.preventDefault();
      const next = Math.min(this.#rows.length - 1, Math.max(0, current < 0 ? 0 : current + step));
      this.#activeKey = this.#rows[next]?.key;
      this.#reveal(next);
      this.#draw();
    } else if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      const row = this.#rows[current];
      if (row !== undefined) this.#onOpen(row);
    }
  }

  #reveal(index: number): void {
    const top = index * ROW_HEIGHT;
    const { scrollTop, clientHeight } = this.element;
    if (top < scrollTop) this.element.scrollTop = top;
    else if (top + ROW_HEIGHT > scrollTop + clientHeight)
      this.element.scrollTop = top + ROW_HEIGHT - clientHeight;
  }
}
