import { type KeyedFile, keepImages } from "./files.ts";
import { count, encodeKeyPath } from "./format.ts";
import type { Model, UploadState } from "./model.ts";
import { announce } from "./notice.ts";

/** Browsers open six connections a host; more would only wait, and keep results from being read. */
const AT_ONCE = 4;
const PREVIEW_MS = 10_000;
const NOTE_MS = 60_000;

/** Puts files into the uploads bucket: one PUT each to the S3 endpoint, a few at once, with progress. */
export class Uploads {
  readonly #model: Model;
  readonly #waiting: { readonly file: File; readonly state: UploadState }[] = [];
  readonly #files = new Map<string, File>();
  readonly #previews = new Map<string, string>();
  readonly #requests = new Set<XMLHttpRequest>();
  /** How long the upload of each key took. */
  readonly uploadMs = new Map<string, number>();
  #running = 0;

  constructor(model: Model) {
    this.#model = model;
    model.onListed = (key) => this.#forget(key);
    window.addEventListener("beforeunload", (event) => {
      // A reload would drop the files that are not in the bucket yet.
      if (this.#unsent().length > 0) event.preventDefault();
    });
  }

  /** What the last {@link add} did beside uploading: left out what is no image, kept two files of one name. It goes by itself. */
  note = "";

  /** Takes images; one whose name is taken gets another name, so that it replaces nothing. */
  add(files: readonly KeyedFile[]): void {
    const images = keepImages(files);
    const taken = new Set([...this.#model.pictures.keys(), ...this.#model.uploads.keys()]);
    let renamed = 0;
    const named = images.map(({ key, file }) => {
      const free = freeKey(key, taken);
      taken.add(free);
      if (free !== key) renamed += 1;
      return { key: free, file };
    });
    const leftOut = files.length - images.length;
    this.note = [
      leftOut > 0
        ? `${count(leftOut, "file that is no image was", "files that are no images were")} left out.`
        : "",
      renamed > 0
        ? `${count(renamed, "name was taken: that image has", "names were taken: those images have")} a number now.`
        : "",
    ]
      .filter((text) => text !== "")
      .join(" ");
    const { note } = this;
    if (note !== "")
      setTimeout(() => {
        if (this.note === note) this.note = "";
        this.#model.redraw();
      }, NOTE_MS);
    announce(`${count(named.length, "image")} added. ${this.note}`);
    this.#start(named);
  }

  #start(files: readonly KeyedFile[]): void {
    for (const { key, file } of files) {
      if (this.#files.get(key) !== file) this.#forget(key);
      const preview = () => this.#preview(key, file);
      const state: UploadState = {
        key,
        sizeBytes: file.size,
        progress: 0,
        failed: undefined,
        isStored: false,
        isListed: false,
        preview,
      };
      this.#model.uploads.set(key, state);
      this.#files.set(key, file);
      this.#waiting.push({ file, state });
    }
    this.#model.changedRows();
    this.#next();
  }

  /** Tries an upload again that did not arrive. */
  retry(key: string): void {
    const file = this.#files.get(key);
    if (file !== undefined) this.#start([{ key, file }]);
  }

  get failed(): number {
    return [...this.#model.uploads.values()].filter(({ failed }) => failed !== undefined).length;
  }

  /** Tries all again that did not arrive: on a click, and by itself when the page is connected again. */
  retryAll(): void {
    const failed = [...this.#model.uploads.values()].filter((state) => state.failed !== undefined);
    for (const { key } of failed) this.retry(key);
  }

  /** Drops what is not in the bucket yet. */
  cancel(): void {
    this.#waiting.length = 0;
    for (const request of this.#requests) request.abort();
    for (const { key } of this.#unsent()) this.#forget(key);
    this.#model.changedRows();
  }

  #unsent(): UploadState[] {
    return [...this.#model.uploads.values()].filter(({ isStored }) => !isStored);
  }

  #next(): void {
    while (this.#running < AT_ONCE) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      if (this.#model.uploads.get(next.state.key) !== next.state) continue;
      this.#running += 1;
      void this.#put(next.file, next.state).then(() => {
        this.#running -= 1;
        this.#model.changedRows();
        this.#next();
      });
    }
  }

  async #put(file: File, state: UploadState): Promise<void> {
    const { info } = this.#model;
    if (info === undefined) {
      state.failed = "the page's server is not connected";
      return;
    }
    const url = `${info.s3Url}/${info.uploadsBucket}/${encodeKeyPath(state.key)}`;
    const startedAt = performance.now();
    try {
      await putFile(url, file, this.#requests, (progress) => {
        state.progress = progress;
        this.#model.changedRows();
      });
      this.uploadMs.set(state.key, performance.now() - startedAt);
      state.isStored = true;
      if (state.isListed && this.#model.uploads.get(state.key) === state) this.#forget(state.key);
    } catch (error) {
      state.failed = (error as Error).message;
    }
  }

  #preview(key: string, file: File): string {
    const known = this.#previews.get(key);
    if (known !== undefined) return known;
    const preview = URL.createObjectURL(file);
    this.#previews.set(key, preview);
    return preview;
  }

  #forget(key: string): void {
    const preview = this.#previews.get(key);
    // A row may be loading it at this moment.
    if (preview !== undefined) setTimeout(() => URL.revokeObjectURL(preview), PREVIEW_MS);
    this.#previews.delete(key);
    this.#model.uploads.delete(key);
    this.#files.delete(key);
  }
}

/** `scan/IMG_0001.jpg` → `scan/IMG_0001-2.jpg`, the first number that is free. */
function freeKey(key: string, taken: ReadonlySet<string>): string {
  const [, stem = key, extension = ""] = /^(.*?)(\.[^./]*)?$/s.exec(key) ?? [];
  let free = key;
  for (let number = 2; taken.has(free); number += 1) free = `${stem}-${number}${extension}`;
  return free;
}

/** `fetch` cannot tell the progress of an upload; XMLHttpRequest can. */
function putFile(
  url: string,
  file: File,
  running: Set<XMLHttpRequest>,
  onProgress: (progress: number) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    running.add(request);
    request.onloadend = () => running.delete(request);
    request.onabort = () => reject(new Error("cancelled"));
    request.upload.onprogress = ({ loaded, total }) => onProgress(total === 0 ? 0 : loaded / total);
    request.onload = () => {
      if (request.status < 300) resolve();
      else reject(new Error(`S3 answered ${request.status}`));
    };
    request.onerror = () => reject(new Error("S3 is not reachable"));
    request.open("PUT", url);
    if (file.type !== "") request.setRequestHeader("content-type", file.type);
    request.send(file);
  });
}
