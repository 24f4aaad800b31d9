import { h } from "./dom.ts";
import { announce, attempt } from "./notice.ts";
import { act } from "./server.ts";

/** The address of an image on the web: the server fetches it and puts it into the uploads bucket. */
export class AddressForm {
  readonly element = h("form", { class: "address", id: "address-form", popover: "auto" });
  readonly button = h("button", { type: "button", class: "button", textContent: "Address" });
  readonly #input = h("input", {
    type: "url",
    required: true,
    placeholder: "https://example.com/picture.jpg",
    "aria-label": "Address of an image",
    autocomplete: "off",
    spellcheck: false,
  });

  constructor() {
    this.button.popoverTargetElement = this.element;
    const send = h("button", { type: "submit", class: "button primary", textContent: "Fetch" });
    this.element.append(
      h("p", { class: "quiet", textContent: "Fetched by this machine and uploaded as any other picture." }),
      h("div", { class: "filter-row" }, this.#input, send),
    );
    this.element.addEventListener("toggle", () => this.#input.focus());
    this.element.onsubmit = (event) => {
      event.preventDefault();
      const url = this.#input.value;
      send.disabled = true;
      void attempt("Fetch the image", async () => {
        await act("fetch", { url });
        announce("Fetched");
        this.#input.value = "";
        this.element.hidePopover();
      }).finally(() => {
        send.disabled = false;
      });
    };
  }

  /** Takes a text that was pasted on the page, where it is an address. */
  paste(text: string): void {
    if (!/^https?:\/\/\S+$/.test(text.trim())) return;
    this.#input.value = text.trim();
    this.element.showPopover();
    this.element.requestSubmit();
  }
}
