import type { PageInfo, PictureView, ResultObject } from "../api.ts";
import { correctionForm } from "./correction.ts";
import { h } from "./dom.ts";
import { encodeKeyPath } from "./format.ts";
import { attempt } from "./notice.ts";
import { describeResult } from "./result-view.ts";
import { act, fetchEmf } from "./server.ts";
import { thumbnailUrl } from "./thumbnail.ts";

const STEPS: Readonly<Record<string, 1 | -1>> = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 };

interface DetailOptions {
  readonly info: () => PageInfo | undefined;
  /** Opens the picture before or after this one, where there is one. */
  readonly onStep: (key: string, step: 1 | -1) => void;
  /** Labels to choose from when a prediction is put right. */
  readonly labels: () => readonly string[];
}

/** One picture in full, at the side: everything that its result object and the EMF line of its invocation say. */
export class Detail {
  readonly element = h("dialog", { class: "detail", "aria-label": "Picture" });
  readonly #options: DetailOptions;
  #picture: PictureView | undefined;

  constructor(options: DetailOptions) {
    this.#options = options;
    this.element.addEventListener("click", ({ target }) => {
      if (target === this.element) this.element.close();
    });
    this.element.addEventListener("close", () => {
      this.#picture = undefined;
    });
    this.element.addEventListener("keydown", (event) => {
      if (event.target instanceof HTMLElement && event.target.closest("pre, input") !== null) return;
      const typed = this.element.querySelector<HTMLInputElement>(".correct input");
      if (event.key === "c" && typed !== null && !event.ctrlKey && !event.metaKey) {
        event.preventDefault();
        typed.select();
        return;
      }
      const step = STEPS[event.key];
      if (step === undefined) return;
      event.preventDefault();
      this.#step(step);
    });
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

  #step(step: 1 | -1): void {
    if (this.#picture !== undefined) this.#options.onStep(this.#picture.key, step);
  }

  async #show(picture: PictureView): Promise<void> {
    const info = this.#options.info();
    if (info === undefined) return;
    const body = h("div", { class: "detail-body" });
    this.element.setAttribute("aria-label", picture.key);
    const focused = document.activeElement?.getAttribute("aria-label");
    this.element.replaceChildren(this.#head(picture), this.#preview(picture), body);
    // Whoever steps with a button of the head can go on doing so.
    if (focused !== null && focused !== undefined)
      this.element.querySelector<HTMLElement>(`.detail-head [aria-label="${focused}"]`)?.focus();
    if (picture.status === "waiting" || picture.status === "dead") {
      body.append(explainWaiting(picture.status));
      return;
    }
    const url = `${info.s3Url}/${info.resultsBucket}/${encodeKeyPath(`${picture.key}.json`)}`;
    const emf = picture.requestId === undefined ? Promise.resolve([]) : fetchEmf(picture.requestId);
    // Its failure is told below; without this it would be an unhandled one when the first request fails too.
    emf.catch(() => undefined);
    try {
      const response = await fetch(url);
      if (!response.ok) throw new Error(`S3 answered ${response.status}`);
      const json = await response.text();
      const lines = await emf;
      if (this.#picture?.key !== picture.key) return;
      body.replaceChildren(
        ...describeResult(JSON.parse(json) as ResultObject, picture, info),
        ...(picture.label === undefined ? [] : [correctionForm(picture, this.#options.labels())]),
        rawText("Result object", JSON.stringify(JSON.parse(json), null, 2)),
        rawText("EMF line of its invocation", describeEmf(lines)),
        h(
          "p",
          { class: "links" },
          link(url, "Open the result object"),
          link(uploadUrl(info, picture), "Open the upload"),
        ),
      );
    } catch (error) {
      body.replaceChildren(
        h("p", { class: "empty", textContent: `The result cannot be read: ${(error as Error).message}` }),
      );
    }
  }

  #head(picture: PictureView): HTMLElement {
    const button = (label: string, text: string, onclick: () => void) =>
      h("button", {
        type: "button",
        class: "icon-button",
        "aria-label": label,
        title: label,
        textContent: text,
        onclick,
      });
    const rerun = h("button", { type: "button", class: "button", textContent: "Classify again" });
    rerun.onclick = () => attempt("Classify again", () => act("rerun", { keys: [picture.key] }));
    return h(
      "div",
      { class: "detail-head" },
      h("h2", { textContent: picture.key, title: picture.key }),
      rerun,
      button("Previous picture", "↑", () => this.#step(-1)),
      button("Next picture", "↓", () => this.#step(1)),
      button("Close", "×", () => this.element.close()),
    );
  }

  #preview(picture: PictureView): HTMLElement {
    const image = h("img", {
      alt: `Upload ${picture.key}`,
      src: thumbnailUrl(picture.key, picture.eTag, 960),
    });
    const frame = h("div", { class: "preview" }, image);
    image.onload = () => frame.classList.add("loaded");
    image.onerror = () => frame.replaceChildren(h("p", { textContent: whyNoPreview(picture) }));
    return frame;
  }
}

function whyNoPreview({ status }: PictureView): string {
  if (document.documentElement.classList.contains("stale"))
    return "No preview while the page is not connected";
  return status === "rejected"
    ? "No preview: the upload cannot be decoded"
    : "No preview: the upload cannot be read now, or cannot be decoded";
}

function explainWaiting(status: "waiting" | "dead"): HTMLElement {
  const text =
    status === "waiting"
      ? "No result object yet: the upload waits in the queue, or a function has it in hand."
      : "The function failed five times, so the queue gave the upload up. It lies in the dead-letter queue; redrive sends it back.";
  return h("p", { class: "empty", textContent: text });
}

function describeEmf(lines: readonly string[]): string {
  if (lines.length === 0) return "Not of this run: EMF lines are kept in memory only.";
  return lines.map((line) => JSON.stringify(JSON.parse(line), null, 2)).join("\n\n");
}

function rawText(title: string, text: string): HTMLElement {
  return h(
    "details",
    { class: "raw" },
    h("summary", { textContent: title }),
    h("pre", { tabIndex: 0, textContent: text }),
  );
}

function uploadUrl(info: PageInfo, { key }: PictureView): string {
  return `${info.s3Url}/${info.uploadsBucket}/${encodeKeyPath(key)}`;
}

function link(href: string, text: string): HTMLElement {
  return h("a", { href, target: "_blank", rel: "noreferrer", textContent: text });
}
