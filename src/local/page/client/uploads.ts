import type { KeyedFile } from "./files.ts";
import { encodeKeyPath } from "./format.ts";
import type { Model, UploadState } from "./model.ts";

/** Browsers open six connections a host; more would only wait, and keep results from being read. */
const AT_ONCE = 4;

/** Puts files into the uploads bucket: one PUT each to the S3 endpoint, a few at once, with progress. */
export class Uploads {
  readonly #model: Model;
  readonly #waiting: { readonly file: File; readonly state: UploadState }[] = [];
  readonly #files = new Map<string, File>();
  readonly #previews = new Map<string, string>();
  #running = 0;

  constructor(model: Model) {
    this.#model = model;
    model.onListed = (key) => this.#forget(key);
  }

  add(files: readonly KeyedFile[]): void {
    for (const { key, file } of files) {
      this.#forget(key);
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
    if (file !== undefined) this.add([{ key, file }]);
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
    try {
      await putFile(url, file, (progress) => {
        state.progress = progress;
        this.#model.changedRows();
      });
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
    if (preview !== undefined) URL.revokeObjectURL(preview);
    this.#previews.delete(key);
    this.#model.uploads.delete(key);
    this.#files.delete(key);
  }
}

/** `fetch` cannot tell the progress of an upload; XMLHttpRequest can. */
function putFile(url: string, file: File, onProgress: (progress: number) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
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
