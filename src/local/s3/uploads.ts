import { randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Checksum, ChecksumAlgorithm, ChecksumType } from "./checksums.ts";
import type { DataFiles } from "./data.ts";
import { s3Error } from "./errors.ts";
import { writeJson } from "./json-file.ts";
import { createKeyedLock } from "./lock.ts";
import type { Tag } from "./versions.ts";

/** One uploaded part. */
export interface Part {
  /** 1 to 10,000. */
  readonly number: number;
  /** MD5 in hex without quotes. */
  readonly eTag: string;
  readonly size: number;
  readonly data: string;
  readonly lastModified: string;
  readonly checksum?: Checksum | undefined;
}

/** A multipart upload in progress. */
export interface MultipartUpload {
  readonly id: string;
  readonly bucket: string;
  readonly key: string;
  /** ISO 8601, UTC. */
  readonly initiated: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly tags: readonly Tag[];
  readonly checksum?: { readonly algorithm: ChecksumAlgorithm; readonly type: ChecksumType } | undefined;
  /** In ascending order of their numbers. */
  readonly parts: readonly Part[];
}

export interface MultipartUploads {
  create(upload: Omit<MultipartUpload, "id" | "initiated" | "parts">): Promise<MultipartUpload>;
  /** Throws NoSuchUpload, also when the id belongs to another key. */
  get(bucket: string, key: string, id: string): MultipartUpload;
  /** Adds a part or replaces the one of that number. Throws NoSuchUpload. */
  addPart(upload: MultipartUpload, part: Part): Promise<void>;
  /** Ends an upload, completed or aborted, and removes its parts. */
  remove(upload: MultipartUpload): Promise<void>;
  /** Runs `work` while no part can be added and no other call completes or aborts the upload. */
  exclusive<T>(upload: MultipartUpload, work: () => Promise<T>): Promise<T>;
  list(bucket: string): MultipartUpload[];
  abortAll(bucket: string): Promise<void>;
  dataFiles(): string[];
}

/** Uploads in progress, one JSON file each in `directory`, so that a restart can go on with them. */
export async function openUploads(directory: string, data: DataFiles): Promise<MultipartUploads> {
  await mkdir(directory, { recursive: true });
  const uploads = new Map<string, MultipartUpload>();
  const lock = createKeyedLock();
  for (const file of await readdir(directory)) {
    const path = join(directory, file);
    if (!file.endsWith(".json")) {
      await rm(path);
      continue;
    }
    const upload = JSON.parse(await readFile(path, "utf8")) as MultipartUpload;
    uploads.set(upload.id, upload);
  }

  const fileOf = (id: string) => join(directory, `${id}.json`);

  async function save(upload: MultipartUpload): Promise<void> {
    await writeJson(fileOf(upload.id), upload);
    uploads.set(upload.id, upload);
  }

  function get(bucket: string, key: string, id: string): MultipartUpload {
    const upload = uploads.get(id);
    if (upload?.bucket !== bucket || upload.key !== key) {
      throw s3Error("NoSuchUpload", { details: { UploadId: id } });
    }
    return upload;
  }

  async function remove({ id, parts }: MultipartUpload): Promise<void> {
    uploads.delete(id);
    await rm(fileOf(id), { force: true });
    await data.remove(parts.map((part) => part.data));
  }

  return {
    get,
    remove,
    async create(upload) {
      const id = randomBytes(32).toString("base64url");
      const created = { ...upload, id, initiated: new Date().toISOString(), parts: [] };
      await save(created);
      return created;
    },
    async addPart({ bucket, key, id }, part) {
      await lock(id, async () => {
        const upload = get(bucket, key, id);
        const replaced = upload.parts.filter(({ number }) => number === part.number);
        const others = upload.parts.filter(({ number }) => number !== part.number);
        await save({ ...upload, parts: [...others, part].sort((a, b) => a.number - b.number) });
        await data.remove(replaced.map((old) => old.data));
      });
    },
    exclusive: ({ id }, work) => lock(id, work),
    list: (bucket) => [...uploads.values()].filter((upload) => upload.bucket === bucket),
    async abortAll(bucket) {
      for (const upload of uploads.values()) {
        if (upload.bucket === bucket) await lock(upload.id, () => remove(upload));
      }
    },
    dataFiles: () => [...uploads.values()].flatMap(({ parts }) => parts.map((part) => part.data)),
  };
}
