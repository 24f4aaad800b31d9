import type { EnvironmentView, Fault, RuntimeView } from "../api.ts";
import { byId, h, setAttribute, setText } from "./dom.ts";
import { formatCount, formatDuration } from "./format.ts";
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
        "S3 answers 503 to the function. Pictures fail and are tried again; after five attempts they are dead letters.",
    },
    slow: {
      label: "S3 is slow",
      effect: "Every read of the function takes two seconds longer. Watch fetch grow on the dashboard.",
    },
  };

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
  readonly #redrive = h("button", {
    type: "button",
    class: "button small",
    textContent: "Redrive",
    disabled: true,
  });
  readonly #deadNode: HTMLElement;
  readonly #environments = h("ul", { class: "environments", "aria-label": "Lambda environments" });
  readonly #faultButtons = new Map<Fault, HTMLButtonElement>();
  readonly #effect = h("p", { class: "effect", role: "status" });
  readonly #letters = h("details", { class: "letters", hidden: true });
  #environmentsShown = "";
  #lettersShown = "";

  constructor(model: Model, uploads: Uploads) {
    this.#model = model;
    this.#redrive.onclick = () => attempt("Redrive", () => act("redrive", {}));
    this.#deadNode = node("Dead letters", "given up", h("p", {}, this.#dead, this.#redrive));
    this.#deadNode.classList.add("dead");
    byId("flow").append(
      h(
        "div",
        { class: "nodes" },
        node(
          "Uploads",
          "bucket",
          h("p", {}, this.#uploaded, h("span", { class: "unit", textContent: "objects" })),
        ),
        node(
          "Queue",
          "SQS",
          h("p", {}, this.#waiting, unit("waiting"), this.#inFlight, unit("in flight")),
          this.#age,
        ),
        node("Function", "Lambda", h("p", {}, this.#alive, unit("alive")), this.#coldStarts),
        node("Results", "bucket", h("p", {}, this.#results, unit("objects"))),
        this.#deadNode,
      ),
      this.#environments,
      this.#letters,
      this.#breakers(uploads),
      this.#effect,
    );
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
    setText(
      this.#coldStarts,
      `${formatCount(view.coldStarts)} cold starts, ${formatCount(view.invocations)} batches`,
    );
    setText(this.#dead, formatCount(queue.dead));
    this.#redrive.disabled = queue.dead === 0;
    this.#deadNode.classList.toggle("alarming", queue.dead > 0);
    this.#drawEnvironments(environments);
    this.#drawLetters(view);
    for (const [name, button] of this.#faultButtons)
      setAttribute(button, "aria-pressed", String(name === fault));
    setText(this.#effect, fault === "none" ? "" : FAULTS[fault].effect);
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

  #drawEnvironments(environments: readonly EnvironmentView[]): void {
    const signature = JSON.stringify(environments);
    if (signature === this.#environmentsShown) return;
    this.#environmentsShown = signature;
    const items = environments.map(({ id, state, reason, initDurationMs, invocations, maxMemoryUsedMb }) => {
      const facts = [
        state === "dead" ? (reason ?? "ended") : state,
        initDurationMs === null ? undefined : `cold start ${formatDuration(initDurationMs)}`,
        `${formatCount(invocations)} batches`,
        maxMemoryUsedMb > 0 ? `${maxMemoryUsedMb} MB` : undefined,
      ];
      return h(
        "li",
        { "data-state": state },
        h("span", { class: "dot", "aria-hidden": "true" }),
        h("strong", { textContent: id }),
        h("span", { class: "quiet", textContent: facts.filter((fact) => fact !== undefined).join(" · ") }),
      );
    });
    const none = h("li", { class: "quiet", textContent: "No environment yet: the first upload starts one." });
    this.#environments.replaceChildren(...(items.length > 0 ? items : [none]));
  }

  #drawLetters({ deadLetters, queue }: RuntimeView): void {
    const signature = JSON.stringify([deadLetters, queue.dead]);
    if (signature === this.#lettersShown) return;
    this.#lettersShown = signature;
    this.#letters.hidden = deadLetters.length === 0;
    const items = deadLetters.map(({ key, reason, receiveCount }) =>
      h(
        "li",
        {},
        h("code", { textContent: key ?? "not about an upload" }),
        h("span", { class: "quiet", textContent: `${receiveCount} attempts. ${reason}` }),
      ),
    );
    const more = queue.dead - deadLetters.length;
    this.#letters.replaceChildren(
      h("summary", { textContent: `Why ${formatCount(queue.dead)} were given up` }),
      h(
        "ul",
        {},
        ...items,
        more > 0 && h("li", { class: "quiet", textContent: `and ${formatCount(more)} more` }),
      ),
    );
  }
}

function number(): HTMLElement {
  return h("span", { class: "big", textContent: "0" });
}

function unit(text: string): HTMLElement {
  return h("span", { class: "unit", textContent: text });
}

function node(title: string, kind: string, ...content: HTMLElement[]): HTMLElement {
  return h(
    "div",
    { class: "node" },
    h("h3", {}, title, h("span", { class: "kind", textContent: kind })),
    ...content,
  );
}
