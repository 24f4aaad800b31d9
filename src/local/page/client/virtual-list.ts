import type { PageInfo } from "../api.ts";
import { h, setAttribute, setStyle } from "./dom.ts";
import { heightOf, type Layout, layoutOf, stepOf } from "./layout.ts";
import type { Row } from "./model.ts";
import { RowView } from "./row-view.ts";
import type { Selection } from "./selection.ts";
import { totalMs } from "./stage-bar.ts";

const OVERSCAN = 4;

/**
 * A list or a gallery of any length with only the visible rows in the document. One tab stop: arrows, Page Up and Down,
 * Home and End move, with Shift they pick what they pass; Space picks, Enter opens.
 */
export class VirtualList {
  readonly element = h("div", {
    class: "list",
    role: "listbox",
    tabIndex: 0,
    "aria-label": "Pictures",
    "aria-multiselectable": "true",
  });
  readonly #space = h("div", { class: "space" });
  readonly #views: RowView[] = [];
  readonly #onOpen: (row: Row) => void;
  #rows: readonly Row[] = [];
  #info: PageInfo | undefined;
  #model = "";
  #activeKey: string | undefined;
  #isGallery = false;
  #frame = 0;
  #layout: Layout = layoutOf(false, 0);
  readonly #selection: Selection;

  constructor(selection: Selection, onOpen: (row: Row) => void) {
    this.#selection = selection;
    this.#onOpen = onOpen;
    this.element.append(this.#space);
    this.element.addEventListener("scroll", () => this.#redraw(), { passive: true });
    this.element.addEventListener("keydown", (event) => this.#onKey(event));
    this.#space.addEventListener("click", (event) => {
      const view = this.#views.find(({ element }) => element.contains(event.target as Node));
      if (view?.row === undefined) return;
      const { key } = view.row;
      this.#activeKey = key;
      const isTick = event.target instanceof Element && event.target.closest(".tick") !== null;
      if (event.shiftKey) this.#selection.extendTo(key, this.#rows);
      else if (isTick || event.ctrlKey || event.metaKey) this.#selection.toggle(key);
      else this.#onOpen(view.row);
      this.#redraw();
    });
    new ResizeObserver(() => this.#place()).observe(this.element);
  }

  get isGallery(): boolean {
    return this.#isGallery;
  }

  set isGallery(isGallery: boolean) {
    this.#isGallery = isGallery;
    this.element.classList.toggle("gallery", isGallery);
    this.#place();
  }

  /** What stood at the top stays there when the columns become other ones. */
  #place(): void {
    const { columns, height } = this.#layout;
    const top = Math.floor(this.element.scrollTop / height) * columns;
    this.#layout = layoutOf(this.#isGallery, this.#space.clientWidth);
    setStyle(this.#space, { height: `${heightOf(this.#layout, this.#rows.length)}px` });
    if (this.#layout.columns !== columns)
      this.element.scrollTop = Math.floor(top / this.#layout.columns) * this.#layout.height;
    this.#redraw();
  }

  /** Shows other rows. When one has scrolled down, what is in view stays in view. */
  show(rows: readonly Row[], info: PageInfo | undefined, model = ""): void {
    this.#model = model;
    const { columns, height } = this.#layout;
    const top = Math.floor(this.element.scrollTop / height);
    const anchor = top > 0 ? this.#rows[top * columns]?.key : undefined;
    const offset = this.element.scrollTop - top * height;
    this.#rows = rows;
    this.#info = info;
    setStyle(this.#space, { height: `${heightOf(this.#layout, rows.length)}px` });
    if (anchor !== undefined) {
      const index = rows.findIndex(({ key }) => key === anchor);
      const line = Math.floor(index / columns);
      if (index >= 0 && line !== top) this.element.scrollTop = line * height + offset;
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
    this.#redraw();
  }

  /** Whatever asks for it, it is drawn once a frame: drawing reads sizes, and so lays out what was written before. */
  #redraw(): void {
    this.#frame ||= requestAnimationFrame(() => this.#draw());
  }

  #draw(): void {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    const { scrollTop, clientHeight } = this.element;
    const { columns, width, height } = this.#layout;
    const first = Math.max(0, Math.floor(scrollTop / height) - OVERSCAN) * columns;
    const end = (Math.ceil((scrollTop + clientHeight) / height) + OVERSCAN) * columns;
    const last = Math.max(first, Math.min(this.#rows.length, end));
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
      view.update(row, this.#info, slowest, this.#model, this.#isGallery ? 320 : 112);
      const isActive = row.key === this.#activeKey;
      if (isActive) activeId = view.element.id;
      view.element.classList.toggle("active", isActive);
      const [x, y] = [(index % columns) * width, Math.floor(index / columns) * height];
      setStyle(view.element, {
        transform: `translate(${x}px, ${y}px)`,
        width: columns === 1 ? "" : `${width}px`,
        display: "",
      });
      setAttribute(view.element, "aria-selected", String(this.#selection.has(row.key)));
      setAttribute(view.element, "aria-posinset", String(index + 1));
      setAttribute(view.element, "aria-setsize", String(this.#rows.length));
    }
    for (const [slot, view] of this.#views.entries()) {
      const shift = (slot - (first % this.#views.length) + this.#views.length) % this.#views.length;
      if (shift >= count) setStyle(view.element, { display: "none" });
    }
    setAttribute(this.element, "aria-activedescendant", activeId);
    this.element.classList.toggle("picking", this.#selection.size > 0);
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
    const current = this.#rows.findIndex(({ key }) => key === this.#activeKey);
    const step = stepOf(event.key, this.#layout, this.element.clientHeight);
    const done =
      step === undefined
        ? this.#commandOf(event, this.#rows[current])
        : () => this.#move(current, step, event);
    if (done === undefined) return;
    event.preventDefault();
    done();
    this.#redraw();
  }

  #move(current: number, step: number, { shiftKey }: KeyboardEvent): void {
    const next = Math.min(this.#rows.length - 1, Math.max(0, current < 0 ? 0 : current + step));
    const [from, to] = [this.#rows[current], this.#rows[next]];
    if (to === undefined) return;
    if (shiftKey) {
      if (from !== undefined && !this.#selection.has(from.key)) this.#selection.toggle(from.key);
      this.#selection.extendTo(to.key, this.#rows);
    }
    this.#activeKey = to.key;
    this.#reveal(next);
  }

  #commandOf({ key, ctrlKey, metaKey }: KeyboardEvent, row: Row | undefined): (() => void) | undefined {
    if (key === "a" && (ctrlKey || metaKey)) return () => this.#selection.all(this.#rows);
    if (key === "Escape") return () => this.#selection.clear();
    if (key === "Enter" && row !== undefined) return () => this.#onOpen(row);
    if (key === " " && row !== undefined) return () => this.#selection.toggle(row.key);
    return undefined;
  }

  #reveal(index: number): void {
    const { columns, height } = this.#layout;
    const top = Math.floor(index / columns) * height;
    const { scrollTop, clientHeight } = this.element;
    if (top < scrollTop) this.element.scrollTop = top;
    else if (top + height > scrollTop + clientHeight) this.element.scrollTop = top + height - clientHeight;
  }
}
