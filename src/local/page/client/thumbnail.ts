import { h } from "./dom.ts";
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
  image.onload = () => element.classList.add("loaded");
  image.onerror = () => element.classList.add("broken");
  return {
    element,
    update({ picture, upload }) {
      const url =
        upload?.preview() ?? (picture === undefined ? "" : thumbnailUrl(picture.key, picture.eTag, 112));
      if (url === shown) return;
      shown = url;
      element.classList.remove("loaded", "broken");
      image.src = url;
    },
  };
}
