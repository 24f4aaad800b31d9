import type { PictureView } from "../api.ts";
import { h } from "./dom.ts";
import { formatShare } from "./format.ts";
import { attempt } from "./notice.ts";
import { act } from "./server.ts";

/** Puts the label of one picture right, or confirms it; `c` goes to its field, Enter keeps what stands in it. */
export function correctionForm(picture: PictureView, labels: readonly string[]): HTMLElement {
  const { key, label = "", corrected } = picture;
  const input = h("input", {
    id: "correct",
    value: corrected ?? label,
    autocomplete: "off",
    spellcheck: false,
  });
  input.setAttribute("list", "known-labels");
  const options = h("datalist", { id: "known-labels" }, ...labels.map((value) => h("option", { value })));
  const form = h(
    "form",
    { class: "correct" },
    h("label", { for: "correct", textContent: "Right label (c)" }),
    input,
    options,
    h("button", { type: "submit", class: "button small", textContent: "Keep" }),
  );
  form.onsubmit = (event) => {
    event.preventDefault();
    const right = input.value.trim();
    if (right !== "") void attempt("Keep the label", () => act("correct", { key, label: right }));
  };
  if (corrected !== undefined) {
    const undo = h("button", { type: "button", class: "button small", textContent: "Forget" });
    undo.onclick = () => attempt("Forget the label", () => act("correct", { key, label: null }));
    const text = corrected === label ? "Confirmed." : `Corrected: ${corrected}.`;
    form.append(undo, h("span", { class: "quiet", textContent: text }));
  }
  return form;
}

/** `12 corrected or confirmed, 75 % of them right; barcode 3 of 4, icon 6 of 8` */
export function summarizeCorrections(pictures: Iterable<PictureView>): string {
  const labels = new Map<string, { right: number; total: number }>();
  let total = 0;
  let right = 0;
  for (const { label, corrected } of pictures) {
    if (corrected === undefined) continue;
    const counted = labels.get(corrected) ?? { right: 0, total: 0 };
    labels.set(corrected, counted);
    total += 1;
    counted.total += 1;
    if (label !== corrected) continue;
    right += 1;
    counted.right += 1;
  }
  if (total === 0) return "";
  const parts = [...labels]
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([label, { right: ofLabel, total: all }]) => `${label} ${ofLabel} of ${all}`);
  return `${total} corrected or confirmed, the model was right on ${formatShare(right / total)}: ${parts.join(", ")}`;
}
