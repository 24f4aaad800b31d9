import type { PageInfo, PastResult, PictureView, ResultObject } from "../api.ts";
import { correctionForm } from "./correction.ts";
import { describeGeometry } from "./crop.ts";
import { h } from "./dom.ts";
import { attempt } from "./notice.ts";
import { pastResults } from "./past-results.ts";
import { Preview } from "./preview.ts";
import { rawTexts, resultLinks } from "./raw.ts";
import { describeResult } from "./result-view.ts";
import { act, fetchEmf, fetchHistory, fetchResult } from "./server.ts";
import { closeByBackdrop, iconButton } from "./sheet.ts";
import { waterfall } from "./waterfall.ts";

const STEPS: Readonly<Record<string, 1 | -1>> = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 };

interface DetailOptions {
  readonly info: () => PageInfo | undefined;
  /** Opens the picture before or after this one, where there is one. */
  readonly onStep: (key: string, step: 1 | -1) => void;
  readonly onClose: () => void;
  /** How long this page took to upload it, where it did. */
  readonly uploadMs: (key: string) => number | undefined;
  /** Labels to choose from when a prediction is put right. */
  readonly labels: () => readonly string[];
}

/** One picture in full, at the side: everything that its result and the EMF line of its invocation say. */
export class Detail {
  readonly element = h("dialog", { class: "detail", "aria-label": "Picture" });
  readonly #options: DetailOptions;
  #picture: PictureView | undefined;
  #preview: Preview | undefined;

  constructor(options: DetailOptions) {
    this.#options = options;
    closeByBackdrop(this.element);
    this.element.addEventListener("close", () => {
      this.#picture = undefined;
      options.onClose();
    });
    this.element.addEventListener("keydown", (event) => this.#onKey(event));
  }

  get openKey(): string | undefined {
    return this.#picture?.key;
  }

  open(picture: PictureView): void {
    const before = this.#picture;
    this.#picture = picture;
    const isSame =
      before?.key === picture.key &&
      before.status === picture.status &&
      before.requestId === picture.requestId &&
      before.corrected === picture.corrected;
    if (!isSame) void this.#show(picture);
    if (!this.element.open) this.element.showModal();
  }

  #onKey(event: KeyboardEvent): void {
    if (event.target instanceof HTMLElement && event.target.closest("pre, input") !== null) return;
    if (event.ctrlKey || event.metaKey) return;
    const typed = this.element.querySelector<HTMLInputElement>(".correct input");
    const step = STEPS[event.key];
    if (event.key === "c" && typed !== null) typed.select();
    else if (event.key === "+") this.#preview?.zoom(1);
    else if (event.key === "-") this.#preview?.zoom(-1);
    else if (step !== undefined) this.#step(step);
    else return;
    event.preventDefault();
  }

  #step(step: 1 | -1): void {
    if (this.#picture !== undefined) this.#options.onStep(this.#picture.key, step);
  }

  async #show(picture: PictureView): Promise<void> {
    const info = this.#options.info();
    if (info === undefined) return;
    const body = h("div", { class: "detail-body" });
    this.element.setAttribute("aria-label", picture.key);
    const focused = document.activeElement?.getAttribute("aria-label") ?? "";
    this.#preview = new Preview(picture);
    this.element.replaceChildren(this.#head(picture), this.#preview.element, body);
    // Whoever steps with a button of the head can go on doing so; keys go on as long as something in here has the focus.
    const buttons = [...this.element.querySelectorAll<HTMLElement>(".detail-head [aria-label]")];
    const same = buttons.find((button) => button.getAttribute("aria-label") === focused);
    (same ?? this.element.querySelector("h2"))?.focus();
    if (picture.status === "waiting" || picture.status === "dead") {
      body.append(explainWaiting(picture.status));
      return;
    }
    try {
      const [json, emf, history] = await Promise.all([
        fetchResult(picture.key),
        picture.requestId === undefined ? [] : fetchEmf(picture.requestId),
        fetchHistory(picture),
      ]);
      if (this.#picture?.key !== picture.key) return;
      const result = JSON.parse(json) as ResultObject;
      if (result.image !== undefined) this.#preview.mark(info, picture.model ?? "", result.image);
      body.replaceChildren(
        ...describeResult(result, picture, info),
        ...(picture.label === undefined ? [] : [correctionForm(picture, this.#options.labels())]),
        ...this.#way(picture, history),
        ...modelInput(info, picture, result),
        ...pastResults(history),
        ...rawTexts(json, emf),
        resultLinks(info, picture.key),
      );
    } catch (error) {
      body.replaceChildren(
        h("p", { class: "empty", textContent: `The result cannot be read: ${(error as Error).message}` }),
      );
    }
  }

  #way({ key, model }: PictureView, history: readonly PastResult[]): HTMLElement[] {
    const own = history.find((result) => result.model === model);
    return own === undefined ? [] : waterfall(own, this.#options.uploadMs(key));
  }

  #head(picture: PictureView): HTMLElement {
    const rerun = h("button", { type: "button", class: "button", textContent: "Classify again" });
    rerun.onclick = () => attempt("Classify again", () => act("rerun", { keys: [picture.key] }));
    return h(
      "div",
      { class: "detail-head" },
      // Not a button: a second Enter must not classify what the first one opened.
      h("h2", { textContent: picture.key, tabIndex: -1, autofocus: true }),
      rerun,
      iconButton("Previous picture", "↑", () => this.#step(-1)),
      iconButton("Next picture", "↓", () => this.#step(1)),
      iconButton("Close", "×", () => this.element.close()),
    );
  }
}

function modelInput(
  info: PageInfo,
  { key, eTag, model = "" }: PictureView,
  { image }: ResultObject,
): HTMLElement[] {
  const geometry = info.geometries[model];
  if (geometry === undefined || image === undefined) return [];
  const src = `/api/input?${new URLSearchParams({ key, eTag, model })}`;
  return [
    h("h3", { textContent: "What the model sees" }),
    h(
      "figure",
      { class: "model-input" },
      h("img", { src, alt: "The pixels that the model is given", width: 224, height: 224 }),
      h("figcaption", {
        class: "quiet",
        textContent: describeGeometry(image, geometry),
      }),
    ),
  ];
}

function explainWaiting(status: "waiting" | "dead"): HTMLElement {
  const text =
    status === "waiting"
      ? "No result yet: the upload waits in the queue, or a function has it in hand."
      : "The function failed seven times, so the queue gave the upload up. It lies in the dead-letter queue; redrive sends it back.";
  return h("p", { class: "empty", textContent: text });
}
