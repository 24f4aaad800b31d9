import { Detail } from "./detail.ts";
import { byId, h, setText } from "./dom.ts";
import { filesOfDrop, filesOfInput, filesOfPaste, type KeyedFile } from "./files.ts";
import { Filters } from "./filters.ts";
import { formatCount } from "./format.ts";
import type { Model, Row } from "./model.ts";
import { announce, attempt } from "./notice.ts";
import { act } from "./server.ts";
import { Uploads } from "./uploads.ts";
import { VirtualList } from "./virtual-list.ts";

const COPIED_MS = 1_500;

/** The left side: upload, filters, list, and the detail view that a row opens. */
export class PicturesPanel {
  readonly uploads: Uploads;
  readonly #model: Model;
  readonly #filters = new Filters(() => this.draw());
  readonly #list = new VirtualList((row) => this.#open(row));
  readonly #detail: Detail;
  readonly #empty = h("div", { class: "empty-list" });
  readonly #command = h("code");
  readonly #progress = h("progress", { max: 1, value: 0, "aria-label": "Upload progress" });
  readonly #progressText = h("span", { class: "quiet" });

  constructor(model: Model) {
    this.#model = model;
    this.uploads = new Uploads(model);
    this.#detail = new Detail({ info: () => model.info, onStep: (key, step) => this.#step(key, step) });
    const listFrame = h("div", { class: "list-frame" }, this.#list.element, this.#empty);
    byId("pictures").append(this.#uploader(), this.#filters.element, listFrame);
    document.body.append(this.#detail.element);
    this.#acceptDropsAndPastes();
    model.onRows(() => this.draw());
  }

  draw(): void {
    const all = this.#model.rows();
    const rows = this.#filters.apply(all);
    this.#list.show(rows, this.#model.info);
    this.#drawEmpty(all.length, rows.length);
    this.#drawProgress();
    const open =
      this.#detail.openKey === undefined ? undefined : this.#model.pictures.get(this.#detail.openKey);
    if (open !== undefined) this.#detail.open(open);
    const { info } = this.#model;
    if (info !== undefined) {
      setText(
        this.#command,
        `aws --endpoint-url ${info.s3Url} --no-sign-request s3 cp picture.jpg s3://${info.uploadsBucket}/`,
      );
    }
  }

  #uploader(): HTMLElement {
    const files = this.#fileInput("Choose pictures", false);
    const folder = this.#fileInput("Choose a folder", true);
    const rerun = h("button", { type: "button", class: "button", textContent: "Classify all again" });
    rerun.onclick = () => attempt("Classify all again", () => act("rerun", {}));
    const copy = h("button", {
      type: "button",
      class: "button small",
      "aria-label": "Copy the command",
      textContent: "Copy",
    });
    copy.onclick = () =>
      attempt("Copy", async () => {
        await navigator.clipboard.writeText(this.#command.textContent ?? "");
        announce("Copied");
        copy.textContent = "Copied";
        setTimeout(() => setText(copy, "Copy"), COPIED_MS);
      });
    return h(
      "div",
      { class: "uploader" },
      h(
        "div",
        { class: "drop" },
        h("p", {}, h("strong", { textContent: "Drop pictures or a folder" }), " anywhere, or paste"),
        h("p", { class: "upload-progress", hidden: true }, this.#progressText, this.#progress),
      ),
      h("div", { class: "buttons" }, files, folder, rerun),
      h("div", { class: "command" }, this.#command, copy),
    );
  }

  #fileInput(text: string, isFolder: boolean): HTMLElement {
    const input = h("input", { type: "file", multiple: true, class: "visually-hidden" });
    if (isFolder) input.webkitdirectory = true;
    else input.accept = "image/*";
    input.onchange = () => {
      this.uploads.add(filesOfInput(input));
      input.value = "";
    };
    return h("label", { class: `button ${isFolder ? "" : "primary"}` }, text, input);
  }

  #acceptDropsAndPastes(): void {
    const root = document.documentElement;
    let depth = 0;
    const mark = (change: number) => {
      depth = Math.max(0, depth + change);
      root.classList.toggle("dropping", depth > 0);
    };
    window.addEventListener("dragenter", () => mark(1));
    window.addEventListener("dragleave", () => mark(-1));
    window.addEventListener("dragover", (event) => event.preventDefault());
    window.addEventListener("drop", (event) => {
      event.preventDefault();
      mark(-depth);
      if (event.dataTransfer !== null) this.#take(filesOfDrop(event.dataTransfer));
    });
    window.addEventListener("paste", ({ clipboardData }) => this.uploads.add(filesOfPaste(clipboardData)));
  }

  #take(files: Promise<readonly KeyedFile[]>): void {
    void attempt("The dropped files cannot be read", async () => this.uploads.add(await files));
  }

  #open(row: Row): void {
    if (row.status === "failed") this.uploads.retry(row.key);
    else if (row.picture !== undefined && row.upload === undefined) this.#detail.open(row.picture);
  }

  #step(key: string, step: 1 | -1): void {
    const picture = this.#list.neighbour(key, step)?.picture;
    if (picture === undefined) return;
    this.#list.activate(picture.key);
    this.#detail.open(picture);
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

  #drawProgress(): void {
    const uploads = [...this.#model.uploads.values()].filter(
      ({ failed, isStored }) => failed === undefined && !isStored,
    );
    const frame = this.#progress.parentElement;
    if (frame === null) return;
    frame.hidden = uploads.length < 2;
    // It takes the place of the invitation above it, so that nothing moves.
    if (frame.previousElementSibling instanceof HTMLElement)
      frame.previousElementSibling.hidden = !frame.hidden;
    if (frame.hidden) {
      this.#progress.max = 1;
      return;
    }
    // The largest number of uploads left since there were none is the whole.
    this.#progress.max = Math.max(this.#progress.max, uploads.length);
    this.#progress.value = this.#progress.max - uploads.length;
    setText(
      this.#progressText,
      `Uploading, ${formatCount(uploads.length)} of ${formatCount(this.#progress.max)} left`,
    );
  }
}
