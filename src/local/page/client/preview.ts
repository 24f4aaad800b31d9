import type { PageInfo, PictureView } from "../api.ts";
import { type Fractions, keptFractions } from "./crop.ts";
import { h, setStyle } from "./dom.ts";
import { thumbnailUrl } from "./thumbnail.ts";

const ZOOMS = [1, 2, 4, 8];

/** The upload as a picture: fitted into its frame, with the part that the model sees; a click or `+` goes closer. */
export class Preview {
  readonly element = h("div", { class: "preview" });
  readonly #shot = h("div", { class: "shot" });
  readonly #crop = h("div", { class: "crop", "aria-hidden": "true" });
  readonly #zoom = h("button", {
    type: "button",
    class: "button small zoom",
    textContent: "Zoom 1 ×",
  });
  readonly #picture: PictureView;
  readonly #image: HTMLImageElement;
  #level = 0;

  constructor(picture: PictureView) {
    this.#picture = picture;
    const { key, eTag } = picture;
    this.#image = h("img", { alt: `Upload ${key}`, src: thumbnailUrl(key, eTag, 960), draggable: false });
    this.#shot.append(this.#image, this.#crop);
    this.element.append(this.#shot);
    this.#image.onload = () => {
      this.element.classList.add("loaded");
      this.element.append(this.#zoom);
    };
    this.#image.onerror = () => {
      if (!this.element.classList.contains("loaded"))
        this.element.replaceChildren(h("p", { textContent: whyNoPreview(picture) }));
    };
    this.#zoom.onclick = () => this.zoom(1);
    this.#shot.onclick = ({ offsetX, offsetY, target }) => {
      const { clientWidth, clientHeight } = target as HTMLElement;
      this.zoom(1, offsetX / clientWidth, offsetY / clientHeight);
    };
    this.#pan();
  }

  /** Marks what the model was given of an image of this size. */
  mark(info: PageInfo, model: string, size: { readonly width: number; readonly height: number }): void {
    const geometry = info.geometries[model];
    const kept: Fractions | undefined = geometry && keptFractions(size, geometry);
    this.#crop.hidden = kept === undefined || (kept.width > 0.999 && kept.height > 0.999);
    if (kept === undefined) return;
    const percent = Object.entries(kept).map(([name, value]) => [name, `${100 * value}%`] as const);
    setStyle(this.#crop, Object.fromEntries(percent));
  }

  /** One step closer, and from the last one back to the whole; or one step back. `x` and `y` come to the middle. */
  zoom(step: 1 | -1, x = 0.5, y = 0.5): void {
    this.#level = (this.#level + step + ZOOMS.length) % ZOOMS.length;
    const factor = ZOOMS[this.#level] ?? 1;
    // Of the first step on the picture is sharp at twice its pixels on the screen.
    const { key, eTag } = this.#picture;
    if (factor > 1) this.#image.src = thumbnailUrl(key, eTag, 2400);
    this.element.classList.toggle("zoomed", factor > 1);
    setStyle(this.#shot, { "--zoom": String(factor) });
    this.#zoom.textContent = `Zoom ${factor} ×`;
    const { scrollWidth, scrollHeight, clientWidth, clientHeight } = this.element;
    this.element.scrollTo(x * scrollWidth - clientWidth / 2, y * scrollHeight - clientHeight / 2);
  }

  /** What is zoomed is dragged; a click is a drag that goes nowhere. */
  #pan(): void {
    this.element.addEventListener("pointermove", ({ buttons, movementX, movementY }) => {
      if (buttons === 1) this.element.scrollBy(-movementX, -movementY);
    });
  }
}

function whyNoPreview({ status }: PictureView): string {
  if (document.documentElement.classList.contains("stale"))
    return "No preview while the page is not connected";
  return status === "rejected"
    ? "No preview: the upload cannot be decoded"
    : "No preview: the upload cannot be read now, or cannot be decoded";
}
