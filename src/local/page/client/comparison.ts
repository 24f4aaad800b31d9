import { comparePairs, type Pair } from "../../compare.ts";
import type { ComparedPair, PastResult } from "../api.ts";
import { describeComparison, disagreementItem } from "./comparison-view.ts";
import { h, setText } from "./dom.ts";
import { count, formatCount } from "./format.ts";
import type { Model } from "./model.ts";
import { attempt } from "./notice.ts";
import { act, fetchComparison } from "./server.ts";
import { fillSheet } from "./sheet.ts";

/** Rows of disagreement in the document at most; the exported list of a filter has all. */
const MAX_SHOWN = 200;

/** Two models on the same pictures. What one of them has not classified yet, it is asked to. */
export class Comparison {
  readonly element = h("dialog", { class: "sheet comparison", "aria-labelledby": "comparison-title" });
  readonly #model: Model;
  readonly #onOpen: (key: string) => void;
  readonly #a = h("select", { "aria-label": "Model A" });
  readonly #b = h("select", { "aria-label": "Model B" });
  readonly #status = h("p", { class: "quiet", role: "status" });
  readonly #missing = { a: missingButton(), b: missingButton() };
  readonly #body = h("div", { class: "comparison-body" });
  #pairs: readonly ComparedPair[] = [];
  #isFetching = false;
  #isDue = false;
  #shown = "";

  /** @param onOpen opens a picture */
  constructor(model: Model, onOpen: (key: string) => void) {
    this.#model = model;
    this.#onOpen = onOpen;
    for (const select of [this.#a, this.#b]) select.onchange = () => this.draw();
    this.#missing.a.onclick = () => this.#classify(this.#a.value);
    this.#missing.b.onclick = () => this.#classify(this.#b.value);
    fillSheet(
      this.element,
      { id: "comparison-title", text: "Compare two models" },
      h("div", { class: "comparison-status" }, "A ", this.#a, "B ", this.#b),
      h("div", { class: "comparison-status" }, this.#status, this.#missing.a, this.#missing.b),
      this.#body,
    );
  }

  open(): void {
    const models = this.#model.info?.models ?? [];
    const current = this.#model.runtime?.model ?? "";
    for (const select of [this.#a, this.#b]) {
      const { value } = select;
      select.replaceChildren(...models.map((name) => h("option", { value: name, textContent: name })));
      if (models.includes(value)) select.value = value;
    }
    if (this.#a.value === this.#b.value) {
      this.#a.value = current;
      this.#b.value = models.find((name) => name !== current) ?? current;
    }
    this.element.showModal();
    this.draw();
  }

  /** Asks for the pairs anew, one request at a time, while it is open. */
  draw(): void {
    if (!this.element.open) return;
    this.#isDue = true;
    if (this.#isFetching) return;
    this.#isFetching = true;
    void attempt("Compare", async () => {
      while (this.#isDue) {
        this.#isDue = false;
        this.#pairs = await fetchComparison(this.#a.value, this.#b.value);
        this.#show();
      }
    }).finally(() => {
      this.#isFetching = false;
    });
  }

  #show(): void {
    const [a, b] = [this.#a.value, this.#b.value];
    const classified = [...this.#model.pictures.values()].filter(({ status }) => status !== "rejected");
    setText(
      this.#status,
      a === b
        ? "There is one model only: npm run model -- pull mobilenet-v1 gets another one."
        : `${count(this.#pairs.length, "picture")} of ${formatCount(classified.length)} classified by both`,
    );
    for (const [side, name] of [
      ["a", a],
      ["b", b],
    ] as const) {
      const missing = this.#keysWithout(name).length;
      this.#missing[side].hidden = a === b || missing === 0 || this.#isBusy();
      setText(this.#missing[side], `Classify ${formatCount(missing)} with ${name}`);
    }
    const signature = JSON.stringify([a, b, this.#pairs]);
    if (signature === this.#shown) return;
    this.#shown = signature;
    const pairs = this.#pairs.map(asPair);
    const comparison = comparePairs(pairs);
    const items = comparison.disagreements
      .slice(0, MAX_SHOWN)
      .map((pair) => disagreementItem(pair, this.#eTagOf(pair.key), () => this.#onOpen(pair.key)));
    const more = comparison.disagreements.length - items.length;
    if (more > 0) items.push(h("li", { class: "quiet", textContent: `and ${formatCount(more)} more` }));
    this.#body.replaceChildren(
      ...(a === b || pairs.length === 0 ? [] : describeComparison(comparison, a, b, items)),
    );
  }

  /** Pictures that wait for their result are being classified by the model that runs now. */
  #isBusy(): boolean {
    return [...this.#model.pictures.values()].some(({ status }) => status === "waiting");
  }

  /** One model has classified what is in no pair, the other one has not. */
  #keysWithout(model: string): string[] {
    const paired = new Set(this.#pairs.map(({ key }) => key));
    return [...this.#model.pictures.values()]
      .filter(({ key, status, model: by }) => status === "classified" && !paired.has(key) && by !== model)
      .map(({ key }) => key);
  }

  #classify(name: string): void {
    const keys = this.#keysWithout(name);
    void attempt(`Classify with ${name}`, async () => {
      await act("model", { name });
      await act("rerun", { keys });
    });
  }

  #eTagOf(key: string): string {
    return this.#model.pictures.get(key)?.eTag ?? "";
  }
}

function missingButton(): HTMLButtonElement {
  return h("button", { type: "button", class: "button primary", hidden: true });
}

function asPair({ key, a, b }: ComparedPair): Pair {
  const said = ({ label = "", score = 0, timingsMs }: PastResult) => {
    const { decode = 0, normalize = 0, infer = 0, rank = 0 } = timingsMs ?? {};
    return { label, score, ms: decode + normalize + infer + rank };
  };
  return { key, a: said(a), b: said(b) };
}
