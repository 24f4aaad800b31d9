import { type Checksum, type ChecksumAlgorithm, checksumElement, checksumHeader } from "../checksums.ts";
import { checkWriteConditions } from "../conditions.ts";
import type { Digests } from "../digest.ts";
import type { ObjectEventName } from "../notification.ts";
import type { S3Context, S3Request } from "../request.ts";
import { addVersion, newVersionId, type ObjectVersion } from "../versions.ts";

/** Makes a written data file the current version, under the request's conditions, and announces it. */
export async function commitObject(
  context: S3Context,
  request: S3Request,
  name: ObjectEventName,
  written: Omit<ObjectVersion, "versionId" | "lastModified" | "deleteMarker">,
): Promise<ObjectVersion> {
  const { store } = context;
  let version: ObjectVersion | undefined;
  try {
    await store.update(
      request.bucket,
      request.key,
      (versions, versioning) => {
        checkWriteConditions(request, versions);
        version = { ...written, versionId: newVersionId(versioning), lastModified: new Date().toISOString() };
        return addVersion(versions, version);
      },
      () => {
        if (version !== undefined) {
          context.notify(request, {
            name,
            size: version.size,
            eTag: version.eTag,
            versionId: version.versionId,
          });
        }
      },
    );
  } catch (error) {
    await store.data.remove([written.data, ...(written.annotations ?? []).map(({ data }) => data)]);
    throw error;
  }
  if (version === undefined) throw new Error("The store has not run the change that it was given.");
  return version;
}

/** The checksum of a whole object as it is stored; undefined without an algorithm. */
export function fullObjectChecksum(algorithm: ChecksumAlgorithm | undefined, result: Digests) {
  const value = algorithm && result.checksums.get(algorithm);
  if (algorithm === undefined || value === undefined) return undefined;
  return { algorithm, value: value.toString("base64"), type: "FULL_OBJECT" } as const;
}

/** `x-amz-checksum-<algorithm>` and `x-amz-checksum-type`, when the object has a checksum. */
export function checksumHeaders({ checksum }: Pick<ObjectVersion, "checksum">): Record<string, string> {
  if (checksum === undefined) return {};
  return { [checksumHeader(checksum.algorithm)]: checksum.value, "x-amz-checksum-type": checksum.type };
}

/** `<ChecksumCRC32>` and, for a whole object, `<ChecksumType>`. */
export function checksumElements(checksum: Checksum | undefined, withType = true): Record<string, string> {
  if (checksum === undefined) return {};
  return {
    [checksumElement(checksum.algorithm)]: checksum.value,
    ...(withType && { ChecksumType: checksum.type }),
  };
}
