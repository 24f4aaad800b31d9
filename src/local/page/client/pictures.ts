import { readAddress, writeAddress } from "./address.ts";
import { Comparison } from "./comparison.ts";
import { Detail } from "./detail.ts";
import { byId, h } from "./dom.ts";
import { Filters } from "./filters.ts";
import type { Model, Row } from "./model.ts";
import { Selection } from "./selection.ts";
import { SetActions } from "./set-actions.ts";
import { Uploader } from "./uploader.ts";
import { Uploads } from "./uploads.ts";
import { VirtualList } from "./virtual-list.ts";

/** The left side: upload, filters, list, and what a row opens. What is chosen stands in the page's address. */
export class PicturesPanel {
  readonly uploads: Uploads;
  readonly #model: Model;
  readonly #uploader: Uploader;
  readonly #filters = new Filters(() => this.draw());
  readonly #selection = new Selection(() => this.#model.redraw());
  readonly #list = new VirtualList(this.#selection, (row) => this.#open(row));
  readonly #actions: SetActions;
  readonly #detail: Detail;
  readonly #comparison: Comparison;
  readonly #empty = h("div", { class: "empty-list" });
  /** A picture of the address that is not known yet. */
  #wanted = "";
  #isConnected = true;

  constructor(model: Model) {
    this.#model = model;
    this.uploads = new Uploads(model);
    this.#uploader = new Uploader(model, this.uploads);
    this.#comparison = new Comparison(model, (key) => this.#show(key));
    this.#actions = new SetActions({
      model,
      uploads: this.uploads,
      selection: this.#selection,
      onCompare: () => this.#comparison.open(),
      onGallery: (isGallery) => {
        this.#list.isGallery = isGallery;
        this.draw();
      },
    });
    this.#detail = new Detail({
      info: () => model.info,
      onStep: (key, step) => this.#step(key, step),
      onClose: () => this.draw(),
      uploadMs: (key) => this.uploads.uploadMs.get(key),
      labels: () => [...new Set([...model.pictures.values()].flatMap(({ label }) => label ?? []))].sort(),
    });
    const listFrame = h("div", { class: "list-frame" }, this.#list.element, this.#empty);
    byId("pictures").append(this.#uploader.element, this.#filters.element, this.#actions.element, listFrame);
    document.body.append(this.#comparison.element, this.#detail.element);
    this.#restore();
    window.addEventListener("hashchange", () => this.#restore());
    model.onRows(() => this.draw());
  }

  set isConnected(isConnected: boolean) {
    this.#isConnected = isConnected;
    this.draw();
  }

  draw(): void {
    const all = this.#model.rows();
    const rows = this.#filters.apply(all);
    this.#list.show(rows, this.#model.info, this.#model.runtime?.model);
    this.#actions.draw(all, rows, {
      isFiltered: this.#filters.isActive,
      isConnected: this.#isConnected,
      isGallery: this.#list.isGallery,
    });
    this.#drawEmpty(all.length, rows.length);
    this.#uploader.draw(this.#isConnected);
    this.#comparison.draw();
    const { openKey = this.#wanted } = this.#detail;
    const open = this.#model.pictures.get(openKey);
    if (open !== undefined) {
      this.#wanted = "";
      this.#detail.open(open);
    }
    const { isGallery } = this.#list;
    writeAddress([...this.#filters.state(), ["view", isGallery ? "gallery" : ""], ["picture", openKey]]);
  }

  #restore(): void {
    const state = readAddress();
    this.#wanted = state.get("picture") ?? "";
    this.#list.isGallery = state.get("view") === "gallery";
    this.#filters.restore(state);
  }

  #open(row: Row): void {
    if (row.status === "failed") this.uploads.retry(row.key);
    else if (row.upload === undefined) this.#show(row.key);
  }

  #show(key: string): void {
    const picture = this.#model.pictures.get(key);
    if (picture === undefined) return;
    this.#list.activate(key);
    this.#detail.open(picture);
    this.draw();
  }

  #step(key: string, step: 1 | -1): void {
    const next = this.#list.neighbour(key, step);
    if (next !== undefined) this.#show(next.key);
  }

  #drawEmpty(all: number, shown: number): void {
    this.#empty.hidden = shown > 0;
    if (shown > 0 || this.#empty.dataset.kind === String(all > 0)) return;
    this.#empty.dataset.kind = String(all > 0);
    if (all > 0) {
      const clear = h("button", { type: "button", class: "button", textContent: "Clear the filters" });
      clear.onclick = () => this.#filters.clear();
      this.#empty.replaceChildren(h("p", { textContent: "No picture passes the filters." }), clear);
    } else {
      this.#empty.replaceChildren(
        h("p", { textContent: "No pictures yet." }),
        h("p", {
          class: "quiet",
          textContent:
            "What you drop goes to the uploads bucket by a real PUT, through the queue to the function, and comes back as a result object.",
        }),
      );
    }
  }
}
