import { h } from "./dom.ts";

/** A button that is a sign; its label is told to those who hear it or point at it. */
export function iconButton(label: string, sign: string, onclick: () => void): HTMLButtonElement {
  return h("button", {
    type: "button",
    class: "icon-button",
    "aria-label": label,
    title: label,
    textContent: sign,
    onclick,
  });
}

/** Lets a click beside the dialog close it: that is one on the dialog's own backdrop. */
export function closeByBackdrop(dialog: HTMLDialogElement): void {
  dialog.addEventListener("click", ({ target }) => {
    if (target === dialog) dialog.close();
  });
}

/** Fills a sheet at the side: its title and what closes it, then the content. */
export function fillSheet(
  dialog: HTMLDialogElement,
  title: { readonly id: string; readonly text: string },
  ...content: readonly HTMLElement[]
): void {
  const heading = h("h2", { id: title.id, textContent: title.text });
  const close = iconButton("Close", "×", () => dialog.close());
  dialog.append(h("div", { class: "sheet-head" }, heading, close), ...content);
  closeByBackdrop(dialog);
}
