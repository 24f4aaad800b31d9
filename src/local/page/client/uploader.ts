import { AddressForm } from "./address-form.ts";
import { Camera } from "./camera.ts";
import { CommandPopover } from "./commands.ts";
import { h, setText } from "./dom.ts";
import { filesOfDrop, filesOfInput, filesOfPaste, type KeyedFile } from "./files.ts";
import { formatCount } from "./format.ts";
import type { Model } from "./model.ts";
import { attempt } from "./notice.ts";
import type { Uploads } from "./uploads.ts";

/** Every way in: choosing, dropping, pasting, an address, the camera, and the commands for those who are not here. */
export class Uploader {
  readonly element: HTMLElement;
  readonly #uploads: Uploads;
  readonly #model: Model;
  readonly #progress = h("progress", { max: 1, value: 0, "aria-label": "Upload progress" });
  readonly #progressText = h("span", { class: "quiet" });
  readonly #invitation = h(
    "p",
    {},
    h("strong", { textContent: "Drop pictures or a folder" }),
    " anywhere, or paste",
  );
  readonly #running: HTMLElement;
  readonly #buttons: HTMLElement;
  readonly #commands = new CommandPopover();
  readonly #address = new AddressForm();

  constructor(model: Model, uploads: Uploads) {
    this.#model = model;
    this.#uploads = uploads;
    const cancel = h("button", { type: "button", class: "button small", textContent: "Cancel" });
    cancel.onclick = () => uploads.cancel();
    this.#running = h(
      "p",
      { class: "upload-progress", hidden: true },
      this.#progressText,
      this.#progress,
      cancel,
    );
    const camera = new Camera((file) => uploads.add([file]));
    this.#buttons = h(
      "div",
      { class: "buttons" },
      this.#fileInput("Choose pictures", false),
      this.#fileInput("Folder", true),
      camera.button,
      this.#address.button,
      this.#commands.button,
    );
    this.element = h(
      "div",
      { class: "uploader" },
      h("div", { class: "drop" }, this.#invitation, this.#running),
      this.#buttons,
      this.#address.element,
      this.#commands.element,
    );
    document.body.append(camera.element);
    this.#acceptDropsAndPastes();
  }

  draw(isConnected: boolean): void {
    this.#buttons.inert = !isConnected;
    if (this.#model.info !== undefined) this.#commands.draw(this.#model.info);
    const left = [...this.#model.uploads.values()].filter(
      ({ failed, isStored }) => failed === undefined && !isStored,
    ).length;
    // It takes the place of the invitation, so that nothing moves.
    this.#running.hidden = left < 2;
    this.#invitation.hidden = !this.#running.hidden;
    // The largest number of uploads left since there were none is the whole.
    this.#progress.max = this.#running.hidden ? 1 : Math.max(this.#progress.max, left);
    this.#progress.value = this.#progress.max - left;
    setText(this.#progressText, `Uploading, ${formatCount(left)} of ${formatCount(this.#progress.max)} left`);
  }

  #fileInput(text: string, isFolder: boolean): HTMLElement {
    const input = h("input", { type: "file", multiple: true, class: "visually-hidden" });
    if (isFolder) input.webkitdirectory = true;
    else input.accept = "image/*";
    input.onchange = () => {
      this.#uploads.add(filesOfInput(input));
      input.value = "";
    };
    return h("label", { class: `button ${isFolder ? "" : "primary"}` }, text, input);
  }

  #acceptDropsAndPastes(): void {
    const root = document.documentElement;
    let depth = 0;
    const mark = (change: number) => {
      depth = Math.max(0, depth + change);
      root.classList.toggle("dropping", depth > 0);
    };
    window.addEventListener("dragenter", () => mark(1));
    window.addEventListener("dragleave", () => mark(-1));
    window.addEventListener("dragover", (event) => event.preventDefault());
    window.addEventListener("drop", (event) => {
      event.preventDefault();
      mark(-depth);
      if (event.dataTransfer !== null) this.#take(filesOfDrop(event.dataTransfer));
    });
    window.addEventListener("paste", ({ clipboardData, target }) => {
      if (target instanceof HTMLInputElement) return;
      const files = filesOfPaste(clipboardData);
      if (files.length > 0) this.#uploads.add(files);
      else this.#address.paste(clipboardData?.getData("text/plain") ?? "");
    });
  }

  #take(files: Promise<readonly KeyedFile[]>): void {
    void attempt("The dropped files cannot be read", async () => this.#uploads.add(await files));
  }
}
