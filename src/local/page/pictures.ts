import { paginateListObjectsV2 } from "@aws-sdk/client-s3";
import { isFolderMarker } from "../../function/image-ref.ts";
import type { LocalStack } from "../stack.ts";
import { type StoredObject, UPLOADS_BUCKET } from "../stack-events.ts";
import type { PastResult, PicturesMessage, PictureView } from "./api.ts";
import { listCorrections } from "./corrections.ts";
import { deadLetterKey } from "./dead-letters.ts";
import { createLimit } from "./limit.ts";
import { readResultObject } from "./result-object.ts";

const FLUSH_MS = 200;
/** Enough to keep the local endpoint busy without keeping the function from it. */
const READS_AT_ONCE = 6;

/**
 * The pictures of the uploads bucket, each with what its object in the results bucket says. Nothing here is
 * taken from anywhere else: a picture without a result object waits.
 */
export class Pictures {
  readonly #stack: LocalStack;
  readonly #onChange: (message: PicturesMessage) => void;
  readonly #onPast: (result: PastResult) => void;
  readonly #pictures = new Map<string, PictureView>();
  readonly #changed = new Set<string>();
  readonly #again = new Set<string>();
  /** When each upload of this run was stored; a picture that is classified again keeps its first time in the list. */
  readonly #queuedAt = new Map<string, number>();
  readonly #limit = createLimit(READS_AT_ONCE);
  #timer: NodeJS.Timeout | undefined;

  /** @param onPast is told of every result that is read */
  constructor(
    stack: LocalStack,
    onChange: (message: PicturesMessage) => void,
    onPast: (result: PastResult) => void = () => undefined,
  ) {
    this.#stack = stack;
    this.#onChange = onChange;
    this.#onPast = onPast;
    stack.events.on("upload", this.#onUpload);
    stack.events.on("removed", this.#onRemoved);
    stack.events.on("result", this.#onResult);
    stack.events.on("queue", this.#onQueue);
  }

  /** Everything, oldest upload first. */
  snapshot(): PicturesMessage {
    return { reset: true, upserts: [...this.#pictures.values()], removed: [] };
  }

  all(): Iterable<PictureView> {
    return this.#pictures.values();
  }

  keys(): string[] {
    return [...this.#pictures.keys()];
  }

  get(key: string): PictureView | undefined {
    return this.#pictures.get(key);
  }

  /** Reads what the buckets hold from earlier runs. */
  async load(): Promise<void> {
    const { client } = this.#stack;
    const found: PictureView[] = [];
    for await (const page of paginateListObjectsV2({ client }, { Bucket: UPLOADS_BUCKET })) {
      for (const { Key = "", ETag = "", Size = 0, LastModified } of page.Contents ?? []) {
        if (isFolderMarker({ key: Key, sizeBytes: Size })) continue;
        const uploadedAt = LastModified?.getTime() ?? 0;
        found.push({ key: Key, eTag: unquote(ETag), sizeBytes: Size, uploadedAt, status: "waiting" });
      }
    }
    found.sort((a, b) => a.uploadedAt - b.uploadedAt);
    for (const picture of found) if (!this.#pictures.has(picture.key)) this.#set(picture);
    const reads: Promise<void>[] = [];
    for await (const key of this.#stack.resultKeys()) reads.push(this.#read(`${key}.json`));
    await Promise.all(reads);
    for await (const { key, eTag, label } of listCorrections(client)) {
      const picture = this.#pictures.get(key);
      if (picture?.eTag === eTag) this.#set({ ...picture, corrected: label });
    }
  }

  /** The next upload under each of these keys is the same picture again: it keeps its place and its correction. */
  expectAgain(keys: readonly string[]): void {
    for (const key of keys) this.#again.add(key);
  }

  /** @param label the right one; `undefined` forgets it */
  correct(key: string, label: string | undefined): void {
    const picture = this.#pictures.get(key);
    if (picture === undefined) return;
    const { corrected: _, ...rest } = picture;
    this.#set({ ...rest, ...(label !== undefined && { corrected: label }) });
  }

  corrected(): PictureView[] {
    return [...this.#pictures.values()].filter(({ corrected }) => corrected !== undefined);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#stack.events.off("upload", this.#onUpload);
    this.#stack.events.off("removed", this.#onRemoved);
    this.#stack.events.off("result", this.#onResult);
    this.#stack.events.off("queue", this.#onQueue);
  }

  readonly #onUpload = ({ key, eTag, sizeBytes }: StoredObject): void => {
    const before = this.#pictures.get(key);
    this.#queuedAt.set(key, Date.now());
    if (this.#again.delete(key) && before !== undefined) {
      const { uploadedAt, corrected } = before;
      const kept = { uploadedAt, ...(corrected !== undefined && { corrected }) };
      this.#set({ key, eTag: unquote(eTag), sizeBytes, status: "waiting", ...kept });
      return;
    }
    // Deleted first, so that a picture uploaded again is the newest.
    this.#pictures.delete(key);
    this.#set({ key, eTag: unquote(eTag), sizeBytes, uploadedAt: Date.now(), status: "waiting" });
  };

  readonly #onRemoved = ({ key }: { readonly key: string }): void => {
    if (!this.#pictures.delete(key)) return;
    this.#changed.add(key);
    this.#timer ??= setTimeout(() => this.#flush(), FLUSH_MS).unref();
  };

  readonly #onResult = ({ key }: StoredObject): void => {
    void this.#read(key, Date.now());
  };

  readonly #onQueue = ({ dead }: { readonly dead: number }): void => {
    if (dead === 0 && ![...this.#pictures.values()].some(({ status }) => status === "dead")) return;
    const deadKeys = new Set(this.#stack.deadMessages().map(({ body }) => deadLetterKey(body)));
    for (const picture of this.#pictures.values()) {
      const isDead = deadKeys.has(picture.key);
      if (picture.status === "waiting" && isDead) this.#set({ ...picture, status: "dead" });
      if (picture.status === "dead" && !isDead) this.#set({ ...picture, status: "waiting" });
    }
  };

  /** @param storedAt when it was stored, where it was just now */
  async #read(resultKey: string, storedAt?: number): Promise<void> {
    const key = resultKey.replace(/\.json$/, "");
    await this.#limit(async () => {
      const picture = this.#pictures.get(key);
      if (picture === undefined) return;
      try {
        const result = readResultObject(await this.#stack.readResult(key));
        const current = this.#pictures.get(key);
        // The result of an earlier upload under the same key says nothing about this one.
        if (current === undefined || (result.eTag !== undefined && result.eTag !== current.eTag)) return;
        this.#set({ ...current, ...result.view });
        const { eTag, uploadedAt } = current;
        const { status, model, ...said } = result.view;
        if (model === undefined || status === "waiting" || status === "dead") return;
        const queuedAt = this.#queuedAt.get(key) ?? uploadedAt;
        const at = {
          uploadedAt: queuedAt,
          classifiedAt: result.classifiedAt,
          ...(storedAt !== undefined && { storedAt }),
        };
        this.#onPast({ key, eTag, status, model, ...said, ...at });
      } catch (error) {
        console.error(`The result object ${resultKey} cannot be read:`, (error as Error).message);
      }
    });
  }

  #set(picture: PictureView): void {
    this.#pictures.set(picture.key, picture);
    this.#changed.add(picture.key);
    this.#timer ??= setTimeout(() => this.#flush(), FLUSH_MS).unref();
  }

  #flush(): void {
    this.#timer = undefined;
    const upserts = [...this.#changed]
      .map((key) => this.#pictures.get(key))
      .filter((picture) => picture !== undefined);
    const removed = [...this.#changed].filter((key) => !this.#pictures.has(key));
    this.#changed.clear();
    this.#onChange({ reset: false, upserts, removed });
  }
}

function unquote(eTag: string): string {
  return eTag.replaceAll('"', "");
}
