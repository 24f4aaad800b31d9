import { h } from "./dom.ts";
import { enqueueLoad } from "./load-queue.ts";
import type { Row } from "./model.ts";

/** Address of a small picture of an upload; `size` is one of the sizes that the server makes. */
export function thumbnailUrl(key: string, eTag: string, size: 112 | 960): string {
  return `/api/thumbnail?${new URLSearchParams({ key, eTag, size: String(size) })}`;
}

/** A square for a row's picture, which shows a sign where there is none. */
export function createThumbnail(): { readonly element: HTMLElement; update(row: Row): void } {
  const image = h("img", { alt: "", width: 48, height: 48, decoding: "async", draggable: false });
  const element = h("span", { class: "thumbnail" }, image);
  let shown = "";
  let release = (): void => undefined;
  const end = (outcome: "loaded" | "broken") => () => {
    element.classList.add(outcome);
    release();
  };
  image.onload = end("loaded");
  image.onerror = end("broken");
  const load = (url: string): void => {
    enqueueLoad((done) => {
      // The row may show another picture by now.
      if (shown !== url) return done();
      release = done;
      image.src = url;
    });
  };
  return {
    element,
    update({ picture, upload }) {
      const url =
        upload?.preview() ?? (picture === undefined ? "" : thumbnailUrl(picture.key, picture.eTag, 112));
      if (url === shown) return;
      shown = url;
      element.classList.remove("loaded", "broken");
      release();
      if (upload === undefined && url !== "") load(url);
      else image.src = url;
    },
  };
}
