import type { RuntimeView } from "../api.ts";
import { h } from "./dom.ts";
import { count, formatCount } from "./format.ts";
import { fillSheet } from "./sheet.ts";

/** Which uploads were given up, after how many attempts and why, in a sheet at the side. */
export class DeadLetters {
  readonly element = h("dialog", { class: "sheet", "aria-labelledby": "letters-title" });
  readonly #list = h("ul", { class: "letters" });
  #shown = "";

  constructor() {
    fillSheet(this.element, { id: "letters-title", text: "Why they were given up" }, this.#list);
  }

  open(): void {
    this.element.showModal();
  }

  draw({ deadLetters, queue }: RuntimeView): void {
    const signature = JSON.stringify([deadLetters, queue.dead]);
    if (signature === this.#shown) return;
    this.#shown = signature;
    const items = deadLetters.map(({ key, code, reason, receiveCount }) =>
      h(
        "li",
        {},
        h("strong", { textContent: key ?? "not about an upload" }),
        h(
          "p",
          {},
          code !== null && h("code", { class: "code", textContent: code }),
          h("span", { class: "quiet", textContent: `after ${count(receiveCount, "attempt")}` }),
        ),
        h("p", { class: "quiet", textContent: reason }),
      ),
    );
    const more = queue.dead - deadLetters.length;
    const rest = more > 0 && h("li", { class: "quiet", textContent: `and ${formatCount(more)} more` });
    const none =
      items.length === 0 && h("li", { class: "quiet", textContent: "The dead-letter queue is empty." });
    this.#list.replaceChildren(...[...items, rest, none].filter((item) => item !== false));
  }
}
