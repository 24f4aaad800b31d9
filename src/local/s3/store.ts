import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { type DataFiles, openDataFiles } from "./data.ts";
import { s3Error } from "./errors.ts";
import { writeJson } from "./json-file.ts";
import { createKeyedLock } from "./lock.ts";
import { type MultipartUploads, openUploads } from "./uploads.ts";
import type { Versioning, Versions } from "./versions.ts";

/**
 * Buckets and objects in a folder:
 * ```
 * buckets/<bucket>/bucket.json                {createdAt, versioning}
 * buckets/<bucket>/objects/<sha256 of key>.json   {key, versions: newest first}
 * data/<uuid>                                 bytes of one version or part
 * uploads/<upload id>.json                    a multipart upload in progress
 * ```
 * Renaming an object's JSON into place commits a change, bytes and metadata at once. It survives a killed process,
 * not a power cut (no fsync). The index is in memory, so one server at a time may use a folder.
 */
export interface Store {
  readonly data: DataFiles;
  readonly uploads: MultipartUploads;
  /** Sorted by name. */
  buckets(): Bucket[];
  /** Throws NoSuchBucket. */
  bucket(name: string): Bucket;
  /** Throws InvalidBucketName, BucketAlreadyOwnedByYou. */
  createBucket(name: string): Promise<void>;
  /** Throws NoSuchBucket, BucketNotEmpty. */
  deleteBucket(name: string): Promise<void>;
  setVersioning(name: string, versioning: Versioning): Promise<void>;
  /** The versions of a key, empty when there are none. Throws NoSuchBucket. */
  versions(bucket: string, key: string): Versions;
  /**
   * Replaces the versions of a key by what `change` returns, one change of a key after the other. Data files that
   * are no longer referred to are removed. Throws what `change` throws, and then nothing has changed. `committed`
   * runs after the change is on disk and before the next one of that key.
   */
  update(
    bucket: string,
    key: string,
    change: (versions: Versions, versioning: Versioning) => Versions,
    committed?: () => void,
  ): Promise<void>;
}

export interface Bucket {
  readonly name: string;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  readonly versioning: Versioning;
  readonly objects: ReadonlyMap<string, Versions>;
}

interface MutableBucket extends Bucket {
  versioning: Versioning;
  readonly objects: Map<string, Versions>;
  /** Changes that are being written: until they are done, the bucket cannot be deleted. */
  writers: number;
}

/** Opens the store in `directory` (created when missing) and reads its index. */
export async function openStore(directory: string): Promise<Store> {
  const root = join(directory, "buckets");
  await mkdir(root, { recursive: true });
  const data = await openDataFiles(join(directory, "data"));
  const uploads = await openUploads(join(directory, "uploads"), data);
  const lock = createKeyedLock();
  const buckets = new Map<string, MutableBucket>();
  for (const name of await readdir(root)) {
    const bucket = await readBucket(join(root, name), name);
    if (bucket === undefined) await rm(join(root, name), { recursive: true });
    else buckets.set(name, bucket);
  }
  await data.sweep(new Set([...uploads.dataFiles(), ...dataFilesOf(buckets.values())]));

  function get(name: string): MutableBucket {
    const bucket = buckets.get(name);
    if (bucket === undefined) throw s3Error("NoSuchBucket", { details: { BucketName: name } });
    return bucket;
  }

  async function saveBucket({ name, createdAt, versioning }: Bucket): Promise<void> {
    await mkdir(join(root, name, "objects"), { recursive: true });
    await writeJson(join(root, name, "bucket.json"), { createdAt, versioning });
  }

  return {
    data,
    uploads,
    buckets: () => [...buckets.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
    bucket: get,
    async createBucket(name) {
      if (!isBucketName(name)) throw s3Error("InvalidBucketName", { details: { BucketName: name } });
      await lock(name, async () => {
        if (buckets.has(name)) throw s3Error("BucketAlreadyOwnedByYou", { details: { BucketName: name } });
        const createdAt = new Date().toISOString();
        const bucket: MutableBucket = { name, createdAt, versioning: "Off", objects: new Map(), writers: 0 };
        await saveBucket(bucket);
        buckets.set(name, bucket);
      });
    },
    async deleteBucket(name) {
      await lock(name, async () => {
        const { objects, writers } = get(name);
        if (objects.size + writers > 0) throw s3Error("BucketNotEmpty", { details: { BucketName: name } });
        buckets.delete(name);
        await uploads.abortAll(name);
        await rm(join(root, name), { recursive: true });
      });
    },
    async setVersioning(name, versioning) {
      await lock(name, async () => {
        const bucket = get(name);
        await saveBucket({ ...bucket, versioning });
        bucket.versioning = versioning;
      });
    },
    versions: (bucket, key) => get(bucket).objects.get(key) ?? [],
    async update(bucketName, key, change, committed) {
      await lock(`${bucketName}/${key}`, async () => {
        const bucket = get(bucketName);
        const before = bucket.objects.get(key) ?? [];
        const after = change(before, bucket.versioning);
        const file = join(
          root,
          bucketName,
          "objects",
          `${createHash("sha256").update(key).digest("hex")}.json`,
        );
        bucket.writers += 1;
        try {
          // The index changes after the file: a reader never sees what a crash could take back.
          if (after.length > 0) await writeJson(file, { key, versions: after });
          else await rm(file, { force: true });
          if (after.length > 0) bucket.objects.set(key, after);
          else bucket.objects.delete(key);
        } finally {
          bucket.writers -= 1;
        }
        committed?.();
        const kept = new Set(dataFilesIn(after));
        await data.remove(dataFilesIn(before).filter((name) => !kept.has(name)));
      });
    },
  };
}

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html, which also makes it a safe folder name. */
function isBucketName(name: string): boolean {
  return /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name) && !/\.\.|^\d+\.\d+\.\d+\.\d+$/.test(name);
}

async function readBucket(directory: string, name: string): Promise<MutableBucket | undefined> {
  const files = await readdir(directory);
  // bucket.json is written last when a bucket is created: without it, creation was cut off.
  if (!files.includes("bucket.json")) return undefined;
  const properties = JSON.parse(await readFile(join(directory, "bucket.json"), "utf8")) as {
    createdAt: string;
    versioning: Versioning;
  };
  const objects = new Map<string, Versions>();
  for (const file of await readdir(join(directory, "objects"))) {
    const path = join(directory, "objects", file);
    if (!file.endsWith(".json")) {
      await rm(path);
      continue;
    }
    const { key, versions } = JSON.parse(await readFile(path, "utf8")) as { key: string; versions: Versions };
    objects.set(key, versions);
  }
  return { name, ...properties, objects, writers: 0 };
}

function dataFilesIn(versions: Versions): string[] {
  return versions.flatMap((version) =>
    version.deleteMarker ? [] : [version.data, ...(version.annotations ?? []).map(({ data }) => data)],
  );
}

function dataFilesOf(buckets: Iterable<Bucket>): string[] {
  return [...buckets].flatMap(({ objects }) => [...objects.values()].flatMap(dataFilesIn));
}
