import { h } from "./dom.ts";

export interface Option {
  readonly value: string;
  readonly text: string;
}

/** A select whose options come and go: a value that no option has yet, as from the address, is wanted until one has. */
export class Choice {
  readonly element: HTMLSelectElement;
  readonly #all: Option;
  #wanted = "";
  #signature = "";

  /** @param all the option of those who do not choose */
  constructor(name: string, all: string, onChange: () => void, options: readonly Option[] = []) {
    this.element = h("select", { "aria-label": name });
    this.#all = { value: "", text: all };
    this.element.onchange = () => {
      this.#wanted = "";
      onChange();
    };
    this.offer(options);
  }

  get value(): string {
    return this.element.value || this.#wanted;
  }

  set value(value: string) {
    this.#wanted = value;
    this.element.value = value;
    this.#settle();
  }

  /** Options are replaced only when they differ: an open list must not close under the pointer. */
  offer(options: readonly Option[]): void {
    const signature = JSON.stringify(options);
    if (signature === this.#signature || (this.#signature !== "" && document.activeElement === this.element))
      return;
    this.#signature = signature;
    const { value } = this;
    this.element.replaceChildren(
      ...[this.#all, ...options].map(({ value: each, text }) =>
        h("option", { value: each, textContent: text }),
      ),
    );
    this.value = value;
  }

  #settle(): void {
    if (this.element.value === this.#wanted) this.#wanted = "";
    else this.element.value = "";
  }
}
