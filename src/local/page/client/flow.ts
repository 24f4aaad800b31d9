import type { Fault, RuntimeView } from "../api.ts";
import { DeadLetters } from "./dead-letters.ts";
import { byId, h, setAttribute, setText } from "./dom.ts";
import { EnvironmentList } from "./environment-list.ts";
import { count, formatCount, formatDuration } from "./format.ts";
import type { Model } from "./model.ts";
import { attempt } from "./notice.ts";
import { poisonPictures } from "./poison.ts";
import { act } from "./server.ts";
import type { Uploads } from "./uploads.ts";

const FAULTS: Readonly<Record<Exclude<Fault, "none">, { readonly label: string; readonly effect: string }>> =
  {
    unavailable: {
      label: "S3 answers 503",
      effect:
        "S3 answers 503 to the function. Pictures fail and are tried again, after the second time alone; after the seventh they are dead letters.",
    },
    slow: {
      label: "S3 is slow",
      effect: "Every read of the function takes two seconds longer. Watch fetch grow on the dashboard.",
    },
  };

const CALM = "Nothing is lost: what fails is tried again, and what was given up can be redriven.";

/** Bucket → queue → function → bucket with live numbers, and the buttons that break it. */
export class FlowPanel {
  readonly #model: Model;
  readonly #uploaded = number();
  readonly #waiting = number();
  readonly #inFlight = number();
  readonly #age = h("span", { class: "quiet" });
  readonly #alive = number();
  readonly #coldStarts = h("span", { class: "quiet" });
  readonly #results = number();
  readonly #dead = number();
  readonly #redrive = smallButton("Redrive");
  readonly #why = smallButton("Why?");
  readonly #deadNode: HTMLElement;
  readonly #environments = new EnvironmentList();
  readonly #faultButtons = new Map<Fault, HTMLButtonElement>();
  readonly #effect = h("p", { class: "effect", role: "status" });
  readonly #letters = new DeadLetters();

  constructor(model: Model, uploads: Uploads) {
    this.#model = model;
    this.#redrive.onclick = () => attempt("Redrive", () => act("redrive", {}));
    this.#why.onclick = () => this.#letters.open();
    this.#deadNode = node(
      "Dead letters",
      "",
      h("p", {}, counted(this.#dead, "given up")),
      h("p", { class: "dead-actions" }, this.#redrive, this.#why),
    );
    this.#deadNode.classList.add("dead");
    byId("flow").append(
      h(
        "div",
        { class: "nodes" },
        node("Uploads", "bucket", h("p", {}, counted(this.#uploaded, "objects"))),
        node(
          "Queue",
          "SQS",
          h("p", {}, counted(this.#waiting, "waiting"), counted(this.#inFlight, "in flight")),
          this.#age,
        ),
        node("Function", "Lambda", h("p", {}, counted(this.#alive, "alive")), this.#coldStarts),
        node("Results", "bucket", h("p", {}, counted(this.#results, "up to date"))),
        this.#deadNode,
      ),
      this.#environments.element,
      this.#breakers(uploads),
      this.#effect,
    );
    document.body.append(this.#letters.element);
    model.onRows(() => this.#drawBuckets());
  }

  draw(view: RuntimeView): void {
    const { queue, environments, fault } = view;
    const alive = environments.filter(({ state }) => state !== "dead").length;
    setText(this.#waiting, formatCount(queue.waiting));
    setText(this.#inFlight, formatCount(queue.inFlight));
    const isEmpty = queue.waiting + queue.inFlight === 0;
    setText(this.#age, isEmpty ? "empty" : `oldest ${formatDuration(queue.oldestAgeMs)}`);
    setText(this.#alive, `${alive}`);
    setText(this.#coldStarts, count(view.coldStarts, "cold start"));
    setText(this.#dead, formatCount(queue.dead));
    this.#redrive.disabled = queue.dead === 0;
    this.#why.disabled = queue.dead === 0;
    this.#deadNode.classList.toggle("alarming", queue.dead > 0);
    this.#environments.draw(environments);
    this.#letters.draw(view);
    for (const [name, button] of this.#faultButtons)
      setAttribute(button, "aria-pressed", String(name === fault));
    setText(this.#effect, fault === "none" ? CALM : FAULTS[fault].effect);
    byId("flow").classList.toggle("broken", fault !== "none");
  }

  #drawBuckets(): void {
    let results = 0;
    for (const { status } of this.#model.pictures.values()) {
      if (status === "classified" || status === "rejected") results += 1;
    }
    setText(this.#uploaded, formatCount(this.#model.pictures.size));
    setText(this.#results, formatCount(results));
  }

  #breakers(uploads: Uploads): HTMLElement {
    const toggles = (Object.keys(FAULTS) as (keyof typeof FAULTS)[]).map((fault) => {
      const { label } = FAULTS[fault];
      const button = h("button", {
        type: "button",
        class: "button breaker",
        "aria-pressed": "false",
        textContent: label,
      });
      button.onclick = () => {
        const next = button.getAttribute("aria-pressed") === "true" ? "none" : fault;
        void attempt(label, () => act("fault", { fault: next }));
      };
      this.#faultButtons.set(fault, button);
      return button;
    });
    const kill = h("button", { type: "button", class: "button breaker", textContent: "Kill an environment" });
    kill.onclick = () => attempt("Kill an environment", () => act("kill", {}));
    const poison = h("button", { type: "button", class: "button breaker", textContent: "Upload poison" });
    poison.onclick = () => uploads.add(poisonPictures());
    return h(
      "div",
      { class: "breakers", role: "group", "aria-labelledby": "breakers-title" },
      h("h3", { id: "breakers-title", textContent: "Break it" }),
      ...toggles,
      kill,
      poison,
    );
  }
}

function number(): HTMLElement {
  return h("span", { class: "big", textContent: "0" });
}

function counted(number: HTMLElement, unit: string): HTMLElement {
  return h("span", { class: "counted" }, number, h("span", { class: "unit", textContent: unit }));
}

function smallButton(text: string): HTMLButtonElement {
  return h("button", { type: "button", class: "button small", textContent: text, disabled: true });
}

function node(title: string, kind: string, ...content: HTMLElement[]): HTMLElement {
  return h(
    "div",
    { class: "node" },
    h("h3", {}, title, " ", h("span", { class: "kind", textContent: kind })),
    ...content,
  );
}
