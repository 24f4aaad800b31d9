import { h } from "./dom.ts";
import { enqueueLoad } from "./load-queue.ts";
import type { Row } from "./model.ts";

/** Address of a small picture of an upload; `size` is one of the sizes that the server makes. */
export function thumbnailUrl(key: string, eTag: string, size: 112 | 320 | 960 | 2400): string {
  return `/api/thumbnail?${new URLSearchParams({ key, eTag, size: String(size) })}`;
}

const RETRY_MS = 2_000;
const LONGEST_MS = 30_000;

/** A square for a row's picture, which shows a sign where there is none. */
export function createThumbnail(): {
  readonly element: HTMLElement;
  update(row: Row, size: 112 | 320): void;
} {
  const element = h("span", { class: "thumbnail" });
  let shown = "";
  let shownBytes = "";
  let isHopeless = false;
  // An element for each load: one that ends late cannot come to stand beside another picture's result.
  const begin = (url: string, attempt: number, done = (): void => undefined): void => {
    const image = h("img", { alt: "", width: 48, height: 48, decoding: "async", draggable: false });
    image.onload = () => {
      done();
      if (shown !== url) return;
      element.replaceChildren(image);
      element.classList.remove("broken");
      element.classList.add("loaded");
    };
    image.onerror = () => {
      done();
      if (shown !== url) return;
      element.classList.add("broken");
      // S3 or the page's server may be away; a rejected picture stays what it is.
      if (!isHopeless)
        setTimeout(
          () => shown === url && load(url, attempt + 1),
          Math.min(LONGEST_MS, RETRY_MS * 2 ** attempt),
        );
    };
    image.src = url;
  };
  const load = (url: string, attempt = 0): void => {
    // The row may show another picture by now.
    enqueueLoad((done) => (shown === url ? begin(url, attempt, done) : done()));
  };
  return {
    element,
    update({ picture, upload, status }, size) {
      isHopeless = status === "rejected";
      const url =
        upload?.preview() ?? (picture === undefined ? "" : thumbnailUrl(picture.key, picture.eTag, size));
      if (url === shown) return;
      shown = url;
      // The same bytes in another size, as the gallery has them, take the place when they are there.
      const bytes = picture === undefined ? url : JSON.stringify([picture.key, picture.eTag]);
      if (bytes !== shownBytes) {
        element.classList.remove("loaded", "broken");
        element.replaceChildren();
      }
      shownBytes = bytes;
      if (upload === undefined && url !== "") load(url);
      else if (url !== "") begin(url, 0);
    },
  };
}
