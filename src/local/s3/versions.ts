import { randomBytes } from "node:crypto";
import type { Checksum } from "./checksums.ts";

export interface Tag {
  readonly key: string;
  readonly value: string;
}

/** A named text on one version of an object. */
export interface Annotation {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** MD5 in hex without quotes. */
  readonly eTag: string;
  /** ISO 8601, UTC. */
  readonly lastModified: string;
  readonly checksum?: Checksum | undefined;
  /** Name of the data file. */
  readonly data: string;
}

/** One version of an object. */
export interface ObjectVersion {
  readonly deleteMarker?: false;
  /** "null" for what was written while the bucket had no versioning. */
  readonly versionId: string;
  /** ISO 8601, UTC. */
  readonly lastModified: string;
  /** MD5 in hex without quotes; `-N` after a multipart upload of N parts. */
  readonly eTag: string;
  readonly size: number;
  /** Name of the data file. */
  readonly data: string;
  /** content-type, cache-control, …, x-amz-meta-*, as they go back to a reader. */
  readonly headers: Readonly<Record<string, string>>;
  readonly checksum?: Checksum | undefined;
  /** Bytes of each part of a multipart upload. */
  readonly partSizes?: readonly number[];
  readonly tags: readonly Tag[];
  /** Sorted by name. */
  readonly annotations?: readonly Annotation[];
}

/** A deletion in a versioned bucket. */
export interface DeleteMarker {
  readonly deleteMarker: true;
  readonly versionId: string;
  readonly lastModified: string;
}

/** Newest first; the first is the current one. */
export type Versions = readonly (ObjectVersion | DeleteMarker)[];

/** `Off` until versioning is first enabled; `Suspended` keeps old versions and overwrites "null". */
export type Versioning = "Off" | "Enabled" | "Suspended";

/** The version id for a write now: random under versioning, else "null". */
export function newVersionId(versioning: Versioning): string {
  return versioning === "Enabled" ? randomBytes(24).toString("base64url") : "null";
}

/** Puts a version on top; it replaces an older one of the same id, which can only be "null". */
export function addVersion(versions: Versions, added: ObjectVersion | DeleteMarker): Versions {
  return [added, ...versions.filter(({ versionId }) => versionId !== added.versionId)];
}

/** The current object, or undefined when there is none or it is deleted. */
export function currentObject(versions: Versions): ObjectVersion | undefined {
  const first = versions[0];
  return first === undefined || first.deleteMarker ? undefined : first;
}
