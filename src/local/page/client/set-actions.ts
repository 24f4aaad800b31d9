import { summarizeCorrections } from "./correction.ts";
import { h, setAttribute, setStyle, setText } from "./dom.ts";
import { saveText, toCsv, toJsonLines } from "./export.ts";
import { count, formatCount } from "./format.ts";
import type { Model, Row } from "./model.ts";
import { attempt } from "./notice.ts";
import type { Selection } from "./selection.ts";
import { act } from "./server.ts";
import { STAGES } from "./stage-bar.ts";
import type { Uploads } from "./uploads.ts";

interface SetActionsOptions {
  readonly model: Model;
  readonly uploads: Uploads;
  readonly selection: Selection;
  readonly onCompare: () => void;
  readonly onGallery: (isGallery: boolean) => void;
}

/** What is done with the rows that are picked or, where none is, with those that pass the filters. */
export class SetActions {
  readonly element: HTMLElement;
  readonly #options: SetActionsOptions;
  readonly #rerun = smallButton("Classify all again");
  readonly #remove = smallButton("Delete");
  readonly #csv = smallButton("CSV");
  readonly #jsonLines = smallButton("JSON Lines");
  readonly #compare = smallButton("Compare");
  readonly #unpick = smallButton("");
  readonly #retry = smallButton("Retry all");
  readonly #others = smallButton("Classify again");
  readonly #views = { list: smallButton("List"), gallery: smallButton("Gallery") };
  readonly #legend = h(
    "ul",
    { class: "stage-key", "aria-label": "Colours of the bars: time by stage" },
    ...STAGES.map((stage) =>
      h("li", {}, h("span", { class: `swatch stage-${stage}` }), h("span", { textContent: stage })),
    ),
  );
  readonly #notes = h("p", { class: "notes", role: "status" });
  readonly #folder = h("a", {
    href: "/api/corrections.zip",
    textContent: "Download as ImageFolder",
    hidden: true,
  });
  /** What the buttons act on. */
  #set: readonly Row[] = [];

  constructor(options: SetActionsOptions) {
    this.#options = options;
    const { model, uploads, selection } = options;
    this.#rerun.onclick = () => ask("Classify again", "rerun", this.#set);
    this.#others.onclick = () => ask("Classify again", "rerun", this.#ofOtherModels(model.rows()));
    this.#remove.onclick = () => ask("Delete, with their results,", "delete", this.#set);
    this.#csv.onclick = () => saveText("results.csv", "text/csv", toCsv(this.#set));
    this.#jsonLines.onclick = () => saveText("results.jsonl", "application/jsonl", toJsonLines(this.#set));
    this.#retry.onclick = () => uploads.retryAll();
    this.#compare.onclick = options.onCompare;
    this.#unpick.onclick = () => selection.clear();
    this.#views.list.onclick = () => options.onGallery(false);
    this.#views.gallery.onclick = () => options.onGallery(true);
    const main = [this.#unpick, this.#rerun, this.#remove, this.#csv, this.#jsonLines, this.#compare];
    this.element = h(
      "div",
      { class: "filters" },
      h("div", { class: "set-actions" }, ...main, this.#others, this.#retry),
      this.#notes,
      this.#folder,
      h(
        "div",
        { class: "view-row" },
        this.#legend,
        h(
          "div",
          { class: "segments", role: "group", "aria-label": "View" },
          this.#views.list,
          this.#views.gallery,
        ),
      ),
    );
  }

  draw(
    all: readonly Row[],
    shown: readonly Row[],
    state: { isFiltered: boolean; isConnected: boolean; isGallery: boolean },
  ): void {
    const { selection, uploads, model } = this.#options;
    const picked = selection.of(shown);
    this.#set = picked.length > 0 ? picked : shown;
    const pictures = this.#set.filter(({ picture }) => picture !== undefined).length;
    const isPart = state.isFiltered || picked.length > 0;
    setText(this.#rerun, isPart ? `Classify ${formatCount(pictures)} again` : "Classify all again");
    setText(this.#remove, isPart ? `Delete ${formatCount(pictures)}` : "Delete all");
    this.#unpick.hidden = picked.length === 0;
    // What is picked is acted on; models are compared on all pictures.
    this.#compare.hidden = picked.length > 0;
    setText(this.#unpick, `${formatCount(picked.length)} picked ×`);
    this.#unpick.title = "Pick none";
    for (const button of [this.#rerun, this.#remove]) button.disabled = pictures === 0 || !state.isConnected;
    for (const button of [this.#csv, this.#jsonLines]) button.disabled = this.#set.length === 0;
    const others = this.#ofOtherModels(all).length;
    this.#others.hidden = others === 0;
    this.#compare.disabled = this.#others.disabled = !state.isConnected;
    setText(this.#others, `Classify ${formatCount(others)} of another model again`);
    this.#retry.hidden = uploads.failed === 0;
    setText(this.#retry, `Retry all ${formatCount(uploads.failed)}`);
    const corrections = summarizeCorrections(model.pictures.values());
    this.#folder.hidden = corrections === "";
    setText(this.#notes, [uploads.note, corrections].filter((text) => text !== "").join(" "));
    // Tiles have no bars.
    setStyle(this.#legend, { visibility: state.isGallery ? "hidden" : "" });
    for (const [name, button] of Object.entries(this.#views))
      setAttribute(button, "aria-pressed", String((name === "gallery") === state.isGallery));
  }

  #ofOtherModels(rows: readonly Row[]): Row[] {
    const model = this.#options.model.runtime?.model;
    if (model === undefined) return [];
    return rows.filter(({ picture }) => picture?.model !== undefined && picture.model !== model);
  }
}

function ask(what: string, name: "rerun" | "delete", rows: readonly Row[]): void {
  const keys = rows
    .filter(({ picture, upload }) => picture !== undefined && upload === undefined)
    .map(({ key }) => key);
  if (keys.length === 0 || !confirm(`${what} ${count(keys.length, "picture")}?`)) return;
  void attempt(what, () => act(name, { keys }));
}

function smallButton(text: string): HTMLButtonElement {
  return h("button", { type: "button", class: "button small", textContent: text });
}
