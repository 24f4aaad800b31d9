import type { PageInfo, RuntimeView } from "../api.ts";
import { byId, h } from "./dom.ts";
import { attempt } from "./notice.ts";
import { act } from "./server.ts";

/** Model and concurrency, in the page's head. */
export class Settings {
  readonly #model = h("select", { id: "model" });
  readonly #concurrency = h("input", {
    id: "concurrency",
    type: "number",
    min: "1",
    step: "1",
    required: true,
  });

  constructor() {
    this.#model.onchange = () => attempt("Switch the model", () => act("model", { name: this.#model.value }));
    this.#concurrency.onchange = () => {
      if (!this.#concurrency.reportValidity()) return;
      const count = this.#concurrency.valueAsNumber;
      void attempt("Change the concurrency", () => act("concurrency", { count }));
    };
    byId("settings").append(
      h("label", { for: "model", textContent: "Model" }),
      this.#model,
      h("label", { for: "concurrency", textContent: "Concurrency" }),
      this.#concurrency,
    );
  }

  offer({ models, maxConcurrency }: PageInfo): void {
    this.#model.replaceChildren(...models.map((name) => h("option", { value: name, textContent: name })));
    this.#concurrency.max = String(maxConcurrency);
  }

  draw({ model, concurrency }: RuntimeView): void {
    if (document.activeElement !== this.#model || this.#model.value === "") this.#model.value = model;
    if (document.activeElement !== this.#concurrency) this.#concurrency.value = String(concurrency);
  }
}
