import type { PageInfo, PictureStatus, PicturesMessage, PictureView, RuntimeView } from "../api.ts";

/** A picture on its way from this browser into the bucket. */
export interface UploadState {
  readonly key: string;
  readonly sizeBytes: number;
  /** S3 has taken it; it stays in the list until the server tells of the picture, so that no row blinks. */
  isStored: boolean;
  /** The server has told of the picture. */
  isListed: boolean;
  /** 0 to 1; `failed` says why it did not arrive. */
  progress: number;
  failed: string | undefined;
  /** Object URL of the file for its thumbnail, made when a row first shows it: of thousands few are seen. */
  preview(): string;
}

export type RowStatus = PictureStatus | "uploading" | "failed";

/** One row of the list: an upload in progress, or a picture of the bucket. */
export interface Row {
  readonly key: string;
  readonly status: RowStatus;
  readonly picture: PictureView | undefined;
  readonly upload: UploadState | undefined;
}

/** What the page knows, and who wants to know of changes. Rows are kept oldest first. */
export class Model {
  info: PageInfo | undefined;
  runtime: RuntimeView | undefined;
  readonly pictures = new Map<string, PictureView>();
  readonly uploads = new Map<string, UploadState>();
  readonly #listeners = new Set<() => void>();
  #scheduled = false;
  #rows: readonly Row[] | undefined;

  /** Calls back at most once a frame after changes of rows, or of what is to be seen of them. */
  onRows(listener: () => void): void {
    this.#listeners.add(listener);
  }

  /** Pictures or uploads are other ones. */
  changedRows(): void {
    this.#rows = undefined;
    this.redraw();
  }

  redraw(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    requestAnimationFrame(() => {
      this.#scheduled = false;
      for (const listener of this.#listeners) listener();
    });
  }

  /** Takes what the server says. @returns pictures that have just got their result */
  apply({ reset, upserts, removed }: PicturesMessage): PictureView[] {
    const done: PictureView[] = [];
    if (reset) this.pictures.clear();
    for (const key of removed) this.pictures.delete(key);
    for (const picture of upserts) {
      const before = this.pictures.get(picture.key);
      const isNew = before === undefined || before.uploadedAt !== picture.uploadedAt;
      // A picture uploaded again goes to the newest place.
      if (isNew) {
        this.pictures.delete(picture.key);
        this.#list(picture.key);
      }
      this.pictures.set(picture.key, picture);
      if (!reset && picture.status !== "waiting" && before?.status !== picture.status) done.push(picture);
    }
    this.changedRows();
    return done;
  }

  /** Is called when an upload has become a picture of the bucket. */
  onListed: (key: string) => void = () => undefined;

  #list(key: string): void {
    const upload = this.uploads.get(key);
    if (upload === undefined) return;
    upload.isListed = true;
    if (upload.isStored) this.onListed(key);
  }

  /** All rows, newest first: uploads that have not arrived stand above the pictures. */
  rows(): readonly Row[] {
    this.#rows ??= this.#join();
    return this.#rows;
  }

  #join(): Row[] {
    const rows: Row[] = [];
    for (const picture of this.pictures.values()) {
      const upload = this.uploads.get(picture.key);
      if (upload === undefined)
        rows.push({ key: picture.key, status: picture.status, picture, upload: undefined });
    }
    for (const upload of this.uploads.values()) {
      const status = upload.failed === undefined ? "uploading" : "failed";
      rows.push({ key: upload.key, status, picture: this.pictures.get(upload.key), upload });
    }
    return rows.reverse();
  }
}
