import { summarizeCorrections } from "./correction.ts";
import { Detail } from "./detail.ts";
import { byId, h, setText } from "./dom.ts";
import { saveText, toCsv, toJsonLines } from "./export.ts";
import { filesOfDrop, filesOfInput, filesOfPaste, type KeyedFile } from "./files.ts";
import { Filters } from "./filters.ts";
import { count, formatCount } from "./format.ts";
import type { Model, Row } from "./model.ts";
import { announce, attempt } from "./notice.ts";
import { act } from "./server.ts";
import { STAGES } from "./stage-bar.ts";
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
  readonly #rerun = smallButton("Classify all again");
  readonly #remove = smallButton("Delete");
  readonly #csv = smallButton("CSV");
  readonly #jsonLines = smallButton("JSON Lines");
  readonly #retry = smallButton("Retry all");
  readonly #others = smallButton("Classify again");
  readonly #notes = h("p", { class: "notes", role: "status" });
  readonly #folder = h("a", {
    href: "/api/corrections.zip",
    textContent: "Download as ImageFolder",
    hidden: true,
  });
  #shown: readonly Row[] = [];
  #isConnected = true;

  constructor(model: Model) {
    this.#model = model;
    this.uploads = new Uploads(model);
    this.#detail = new Detail({
      info: () => model.info,
      onStep: (key, step) => this.#step(key, step),
      labels: () => [...new Set([...model.pictures.values()].flatMap(({ label }) => label ?? []))].sort(),
    });
    const listFrame = h("div", { class: "list-frame" }, this.#list.element, this.#empty);
    byId("pictures").append(this.#uploader(), this.#filters.element, this.#setActions(), listFrame);
    document.body.append(this.#detail.element);
    this.#acceptDropsAndPastes();
    this.#filters.restore(new URLSearchParams(location.hash.slice(1)));
    window.addEventListener("hashchange", () =>
      this.#filters.restore(new URLSearchParams(location.hash.slice(1))),
    );
    model.onRows(() => this.draw());
  }

  set isConnected(isConnected: boolean) {
    this.#isConnected = isConnected;
    this.draw();
  }

  draw(): void {
    const all = this.#model.rows();
    const rows = this.#filters.apply(all);
    this.#shown = rows;
    this.#list.show(rows, this.#model.info, this.#model.runtime?.model);
    this.#drawSet(all, rows);
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
    const cancel = smallButton("Cancel");
    cancel.onclick = () => this.uploads.cancel();
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
        h("p", { class: "upload-progress", hidden: true }, this.#progressText, this.#progress, cancel),
      ),
      h("div", { class: "buttons" }, files, folder),
      h("div", { class: "command" }, this.#command, copy),
    );
  }

  /** What is done with the rows that pass the filters. */
  #setActions(): HTMLElement {
    const keysOf = (rows: readonly Row[]): string[] =>
      rows
        .filter(({ picture, upload }) => picture !== undefined && upload === undefined)
        .map(({ key }) => key);
    const ask = (what: string, name: "rerun" | "delete", rows: readonly Row[]): void => {
      const keys = keysOf(rows);
      if (keys.length === 0 || !confirm(`${what} ${count(keys.length, "picture")}?`)) return;
      void attempt(what, () => act(name, { keys }));
    };
    this.#rerun.onclick = () => ask("Classify again", "rerun", this.#shown);
    this.#others.onclick = () => ask("Classify again", "rerun", this.#ofOtherModels(this.#model.rows()));
    this.#remove.onclick = () => ask("Delete, with their results,", "delete", this.#shown);
    this.#csv.onclick = () => saveText("results.csv", "text/csv", toCsv(this.#shown));
    this.#jsonLines.onclick = () => saveText("results.jsonl", "application/jsonl", toJsonLines(this.#shown));
    this.#retry.onclick = () => this.uploads.retryAll();
    const legend = STAGES.map((stage) =>
      h("li", {}, h("span", { class: `swatch stage-${stage}` }), h("span", { textContent: stage })),
    );
    return h(
      "div",
      { class: "filters" },
      h(
        "div",
        { class: "set-actions" },
        this.#rerun,
        this.#remove,
        this.#csv,
        this.#jsonLines,
        this.#others,
        this.#retry,
      ),
      this.#notes,
      this.#folder,
      h("ul", { class: "stage-key", "aria-label": "Colours of the bars: time by stage" }, ...legend),
    );
  }

  #ofOtherModels(rows: readonly Row[]): Row[] {
    const model = this.#model.runtime?.model;
    if (model === undefined) return [];
    return rows.filter(({ picture }) => picture?.model !== undefined && picture.model !== model);
  }

  #drawSet(all: readonly Row[], shown: readonly Row[]): void {
    const others = this.#ofOtherModels(all).length;
    const pictures = shown.filter(({ picture }) => picture !== undefined).length;
    setText(
      this.#rerun,
      this.#filters.isActive ? `Classify ${formatCount(pictures)} again` : "Classify all again",
    );
    setText(this.#remove, this.#filters.isActive ? `Delete ${formatCount(pictures)}` : "Delete all");
    for (const button of [this.#rerun, this.#remove]) button.disabled = pictures === 0 || !this.#isConnected;
    for (const button of [this.#csv, this.#jsonLines]) button.disabled = shown.length === 0;
    this.#others.hidden = others === 0;
    this.#others.disabled = !this.#isConnected;
    setText(this.#others, `Classify ${formatCount(others)} of another model again`);
    const { failed, note } = this.uploads;
    this.#retry.hidden = failed === 0;
    setText(this.#retry, `Retry all ${formatCount(failed)}`);
    const corrections = summarizeCorrections(this.#model.pictures.values());
    this.#folder.hidden = corrections === "";
    setText(this.#notes, [note, corrections].filter((text) => text !== "").join(" "));
    const state = this.#filters.state().toString();
    if (location.hash.slice(1) !== state) history.replaceState(null, "", state === "" ? "#" : `#${state}`);
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

function smallButton(text: string): HTMLButtonElement {
  return h("button", { type: "button", class: "button small", textContent: text });
}
