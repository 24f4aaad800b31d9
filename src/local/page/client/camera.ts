import { h } from "./dom.ts";
import type { KeyedFile } from "./files.ts";
import { attempt } from "./notice.ts";

/** Takes pictures with the camera of this machine; it is on only while its dialog is open. */
export class Camera {
  readonly button = h("button", { type: "button", class: "button", textContent: "Camera" });
  readonly element = h("dialog", { class: "camera", "aria-label": "Camera" });
  readonly #video = h("video", { autoplay: true, muted: true, playsInline: true });
  #stream: MediaStream | undefined;

  constructor(onPicture: (picture: KeyedFile) => void) {
    const take = h("button", { type: "button", class: "button primary", textContent: "Take a picture" });
    const close = h("button", { type: "button", class: "button", textContent: "Close" });
    take.onclick = () => attempt("Take a picture", async () => onPicture(await this.#shoot()));
    close.onclick = () => this.element.close();
    this.button.hidden = !("mediaDevices" in navigator);
    this.button.onclick = () => attempt("Open the camera", () => this.#open());
    this.element.append(this.#video, h("p", { class: "buttons" }, take, close));
    this.element.addEventListener("close", () => {
      for (const track of this.#stream?.getTracks() ?? []) track.stop();
      this.#video.srcObject = null;
    });
  }

  async #open(): Promise<void> {
    const wanted = { width: { ideal: 1920 }, height: { ideal: 1080 }, facingMode: "environment" };
    this.#stream = await navigator.mediaDevices.getUserMedia({ video: wanted });
    this.#video.srcObject = this.#stream;
    this.element.showModal();
  }

  async #shoot(): Promise<KeyedFile> {
    const { videoWidth: width, videoHeight: height } = this.#video;
    const canvas = h("canvas", { width, height });
    canvas.getContext("2d")?.drawImage(this.#video, 0, 0);
    const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.92));
    if (blob === null) throw new Error("the camera gives no picture yet");
    const time = new Date().toISOString().slice(0, 23).replaceAll(/[:.]/g, "-");
    const name = `camera-${time}.jpg`;
    return { key: name, file: new File([blob], name, { type: "image/jpeg" }) };
  }
}
