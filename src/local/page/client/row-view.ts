import type { PageInfo } from "../api.ts";
import { h, setAttribute, setStyle, setText } from "./dom.ts";
import { formatBytes, formatDuration, formatScore } from "./format.ts";
import type { Row } from "./model.ts";
import { createStageBar, totalMs } from "./stage-bar.ts";
import { createThumbnail } from "./thumbnail.ts";

/** One line of the list, used again for another picture when the list is scrolled. */
export class RowView {
  readonly element: HTMLElement;
  readonly #thumbnail = createThumbnail();
  readonly #title = h("span", { class: "title" });
  /** The score, or what the code of a rejected picture means. */
  readonly #note = h("span", { class: "note" });
  readonly #key = h("span", { class: "key" });
  readonly #stages = createStageBar();
  readonly #time = h("span", { class: "time" });
  row: Row | undefined;

  constructor(id: string) {
    this.element = h(
      "div",
      { class: "row", role: "option", id, "aria-selected": "false" },
      h(
        "span",
        { class: "pick" },
        this.#thumbnail.element,
        h("span", { class: "tick", "aria-hidden": "true" }),
      ),
      h("span", { class: "what" }, h("span", { class: "line" }, this.#title, this.#note), this.#key),
      h("span", { class: "stages" }, this.#stages.element, this.#time),
    );
  }

  /**
   * @param fullMs the time that fills the stage bar
   * @param model the one that runs now; a result of another one is marked
   */
  update(row: Row, info: PageInfo | undefined, fullMs: number, model = "", size: 112 | 320 = 112): void {
    this.row = row;
    this.#thumbnail.update(row, size);
    setAttribute(this.element, "data-status", row.status);
    const { picture, upload } = row;
    const meaning = picture?.code === undefined ? undefined : info?.errors[picture.code]?.meaning;
    const score = picture?.score === undefined ? undefined : formatScore(picture.score);
    const { corrected } = picture ?? {};
    const isPutRight = corrected !== undefined && corrected !== picture?.label && row.status === "classified";
    setText(this.#title, isPutRight ? `${corrected} ✎` : titleOf(row));
    const said = [score, ...(picture?.heads ?? [])].filter((part) => part !== undefined).join(" · ");
    setText(this.#note, upload === undefined ? (meaning ?? said) : "");
    setText(this.#key, row.key);
    this.#key.title = row.key;
    this.element.title = meaning ?? "";
    const times = upload === undefined ? picture?.timingsMs : undefined;
    const isOther = model !== "" && picture?.model !== undefined && picture.model !== model;
    this.element.classList.toggle("other-model", isOther);
    if (isOther) setAttribute(this.#key, "data-model", picture.model);
    const isTimed = times !== undefined && row.status === "classified";
    setStyle(this.#stages.element, { display: isTimed || row.status === "uploading" ? "" : "none" });
    this.element.classList.toggle("over", isTimed && totalMs(times) > fullMs);
    // One slow picture must not flatten all the others: its bar is full, and marked as being longer.
    if (isTimed)
      this.#stages.update(times, Math.max(fullMs, 0.001, totalMs(times) > fullMs ? totalMs(times) : 0));
    if (row.status === "uploading") {
      this.#stages.update({ fetch: upload?.progress ?? 0, decode: 0, normalize: 0, infer: 0, rank: 0 }, 1);
    }
    const sizeBytes = upload?.sizeBytes ?? picture?.sizeBytes ?? 0;
    setText(this.#time, isTimed ? formatDuration(totalMs(times)) : formatBytes(sizeBytes));
  }
}

function titleOf({ status, picture, upload }: Row): string {
  switch (status) {
    case "uploading": {
      const progress = upload?.progress ?? 0;
      return progress === 0 ? "Waiting to upload" : `Uploading ${(100 * progress).toFixed(0)} %`;
    }
    case "failed":
      return `Not uploaded: ${upload?.failed ?? ""}`;
    case "waiting":
      return "In the queue";
    case "dead":
      return "Given up";
    case "rejected":
      return picture?.code ?? "Rejected";
    case "classified":
      return picture?.isUnknown ? `unknown: ${picture.label}` : (picture?.label ?? "");
  }
}
