import type { FileHandle } from "node:fs/promises";
import { s3Error } from "../errors.ts";
import type { S3Context, S3Request } from "../request.ts";
import type { ObjectVersion } from "../versions.ts";

/** The version that a request names, or the current one. Throws NoSuchKey, NoSuchVersion, MethodNotAllowed. */
export function findVersion(context: S3Context, { bucket, key, query }: S3Request): ObjectVersion {
  return selectVersion(context, bucket, key, query.get("versionId") ?? undefined);
}

/** As `findVersion`, for any key. */
export function selectVersion(
  { store }: S3Context,
  bucket: string,
  key: string,
  versionId: string | undefined,
): ObjectVersion {
  const versions = store.versions(bucket, key);
  const version = versionId ? versions.find((one) => one.versionId === versionId) : versions[0];
  if (version === undefined) {
    if (!versionId) throw s3Error("NoSuchKey", { details: { Key: key } });
    throw s3Error("NoSuchVersion", { details: { Key: key, VersionId: versionId } });
  }
  if (version.deleteMarker) {
    const headers = {
      "x-amz-delete-marker": "true",
      "x-amz-version-id": version.versionId,
      "last-modified": new Date(version.lastModified).toUTCString(),
    };
    if (!versionId) throw s3Error("NoSuchKey", { details: { Key: key }, headers });
    throw s3Error("MethodNotAllowed", { details: { Method: "GET", ResourceType: "DeleteMarker" }, headers });
  }
  return version;
}

/** Finds and opens an object; looks again when a write replaced it in between. The caller closes the file. */
export async function openVersion(
  { store }: S3Context,
  find: () => ObjectVersion,
): Promise<{ version: ObjectVersion; file: FileHandle }> {
  for (;;) {
    const version = find();
    try {
      return { version, file: await store.data.open(version.data) };
    } catch (error) {
      const isGone = (error as NodeJS.ErrnoException).code === "ENOENT";
      if (!isGone || find().data === version.data) throw error;
    }
  }
}
