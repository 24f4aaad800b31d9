import type { PageInfo, PictureView, ResultObject, ResultPrediction } from "../api.ts";
import { h } from "./dom.ts";
import { formatBytes, formatDuration, formatScore } from "./format.ts";
import { createStageBar, stageLegend, totalMs } from "./stage-bar.ts";

/** What a result object says, in words and bars: facts, then a rejection or the predictions, then the stages. */
export function describeResult(result: ResultObject, picture: PictureView, info: PageInfo): HTMLElement[] {
  const { image, model, predictions = [], unknown, heads = [], error } = result;
  const facts = [
    image === undefined ? undefined : `${image.format.toUpperCase()} ${image.width} × ${image.height}`,
    formatBytes(picture.sizeBytes),
    model?.name,
    result.classifiedAt === undefined ? undefined : new Date(result.classifiedAt).toLocaleTimeString("en-GB"),
  ];
  const parts: HTMLElement[] = [
    h("p", { class: "facts", textContent: facts.filter((fact) => fact !== undefined).join("  ·  ") }),
  ];
  if (error !== undefined) {
    const meaning = info.errors[error.code]?.meaning;
    parts.push(
      h(
        "div",
        { class: "rejection" },
        h("p", {}, h("code", { class: "code", textContent: error.code })),
        h("p", { textContent: meaning ?? "" }),
        h("p", { class: "quiet", textContent: error.message }),
        h("p", {
          class: "quiet",
          textContent: "Rejected is a result: the upload is at fault, so it is not tried again.",
        }),
      ),
    );
  }
  if (predictions.length > 0) parts.push(...ranking(`Top ${predictions.length}`, predictions));
  if (unknown !== undefined) {
    const [similarity, threshold] = [unknown.similarity, unknown.threshold].map((value) => value.toFixed(2));
    const textContent = unknown.isUnknown
      ? `Unknown: like none of the labels. Its similarity to the nearest is ${similarity}, below ${threshold}.`
      : `Similarity to the nearest label: ${similarity}; below ${threshold} it would be unknown.`;
    parts.push(h("p", { class: "quiet", textContent }));
  }
  for (const head of heads) parts.push(...ranking(head.name, head.predictions));
  if (picture.timingsMs !== undefined && totalMs(picture.timingsMs) > 0) {
    const bar = createStageBar();
    bar.update(picture.timingsMs, totalMs(picture.timingsMs));
    parts.push(
      h(
        "h3",
        {},
        "Where the time went",
        h("span", { class: "number", textContent: formatDuration(totalMs(picture.timingsMs)) }),
      ),
      h("div", { class: "big-stages" }, bar.element),
      stageLegend(picture.timingsMs),
    );
  }
  return parts;
}

function ranking(title: string, predictions: readonly ResultPrediction[]): HTMLElement[] {
  const rows = predictions.map(({ label, score }) => {
    const bar = h("span", { class: "bar", style: { width: `${100 * score}%` } });
    return h(
      "li",
      {},
      h("span", { class: "name", textContent: label }),
      h("span", { class: "track", "aria-hidden": "true" }, bar),
      h("span", { class: "number", textContent: formatScore(score) }),
    );
  });
  return [h("h3", { textContent: title }), h("ol", { class: "predictions" }, ...rows)];
}
