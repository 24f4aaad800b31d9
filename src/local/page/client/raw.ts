import type { PageInfo } from "../api.ts";
import { h } from "./dom.ts";
import { encodeKeyPath } from "./format.ts";

/** The result and the EMF lines as they are, folded. */
export function rawTexts(json: string, emf: readonly string[]): HTMLElement[] {
  const lines =
    emf.length === 0
      ? "No longer kept: it is one of an earlier run."
      : emf.map((line) => JSON.stringify(JSON.parse(line), null, 2)).join("\n\n");
  return [
    rawText("Result object", JSON.stringify(JSON.parse(json), null, 2)),
    rawText("EMF lines of its invocation", lines),
  ];
}

/** Where the upload and its result lie, by the way in which results are published. */
export function resultLinks(info: PageInfo, key: string): HTMLElement {
  const { s3Url, uploadsBucket, resultsBucket, resultsAs, annotationName } = info;
  const upload = `${s3Url}/${uploadsBucket}/${encodeKeyPath(key)}`;
  const links = [link(upload, "Open the upload")];
  if (resultsAs === "object")
    links.unshift(
      link(`${s3Url}/${resultsBucket}/${encodeKeyPath(`${key}.json`)}`, "Open the result object"),
    );
  if (resultsAs.startsWith("annotation")) {
    const query = new URLSearchParams({ annotationName });
    links.unshift(link(`${upload}?annotation&${query}`, "Open the annotation"));
  }
  if (resultsAs.endsWith("lines"))
    links.unshift(link(`/api/result?${new URLSearchParams({ key })}`, "Open its line of the results"));
  return h("p", { class: "links" }, ...links);
}

function rawText(title: string, text: string): HTMLElement {
  return h(
    "details",
    { class: "raw" },
    h("summary", { textContent: title }),
    h("pre", { tabIndex: 0, textContent: text }),
  );
}

function link(href: string, text: string): HTMLElement {
  return h("a", { href, target: "_blank", rel: "noreferrer", textContent: text });
}
