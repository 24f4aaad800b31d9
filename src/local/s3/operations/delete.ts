import { checkWriteConditions } from "../conditions.ts";
import { S3Error, s3Error } from "../errors.ts";
import {
  type Change,
  header,
  type Operation,
  readText,
  type S3Context,
  type S3Reply,
  type S3Request,
} from "../request.ts";
import { addVersion, newVersionId } from "../versions.ts";
import { childrenOf, parseXml, textOf, type XmlElement, xmlDocument } from "../xml.ts";

const MAX_KEYS = 1000;

export const deleteObject: Operation = async (context, request): Promise<S3Reply> => {
  const conditions = header(request, "if-match") === undefined ? undefined : request;
  const removed = await remove(
    context,
    request,
    request.key,
    request.query.get("versionId") ?? undefined,
    conditions,
  );
  return {
    status: 204,
    headers: {
      "x-amz-version-id": removed.versionId,
      "x-amz-delete-marker": removed.isDeleteMarker ? "true" : undefined,
    },
  };
};

export const deleteObjects: Operation = async (context, request) => {
  context.store.bucket(request.bucket);
  const document = parseXml(await readText(request), "Delete");
  const objects = childrenOf(document, "Object");
  if (objects.length === 0 || objects.length > MAX_KEYS) {
    throw s3Error("MalformedXML", { message: `Expected 1 to ${MAX_KEYS} <Object> elements.` });
  }
  const deleted: XmlElement[] = [];
  const failed: XmlElement[] = [];
  for (const object of objects) {
    const key = textOf(object, "Key");
    if (!key) throw s3Error("MalformedXML", { message: "Expected a <Key> in each <Object>." });
    const versionId = textOf(object, "VersionId") || undefined;
    try {
      const removed = await remove(context, request, key, versionId);
      deleted.push({
        Key: key,
        VersionId: versionId,
        DeleteMarker: removed.isDeleteMarker || undefined,
        DeleteMarkerVersionId: removed.isDeleteMarker ? removed.versionId : undefined,
      });
    } catch (error) {
      if (!(error instanceof S3Error)) throw error;
      failed.push({ Key: key, VersionId: versionId, Code: error.code, Message: error.message });
    }
  }
  const isQuiet = textOf(document, "Quiet") === "true";
  return { body: xmlDocument("DeleteResult", { Deleted: isQuiet ? [] : deleted, Error: failed }) };
};

interface Removed {
  /** Of the removed version or of the new delete marker; undefined in a bucket without versioning. */
  readonly versionId: string | undefined;
  readonly isDeleteMarker: boolean;
}

/** Deletes one version, or the current object: in a versioned bucket that lays a delete marker on top. */
async function remove(
  context: S3Context,
  request: S3Request,
  key: string,
  versionId: string | undefined,
  conditions?: S3Request,
): Promise<Removed> {
  let removed: Removed = { versionId, isDeleteMarker: false };
  let change: Change | undefined;
  await context.store.update(
    request.bucket,
    key,
    (versions, versioning) => {
      if (conditions !== undefined) checkWriteConditions(conditions, versions);
      if (versionId === undefined && versioning !== "Off") {
        const id = newVersionId(versioning);
        removed = { versionId: id, isDeleteMarker: true };
        change = { name: "ObjectRemoved:DeleteMarkerCreated", key, versionId: id };
        return addVersion(versions, {
          deleteMarker: true,
          versionId: id,
          lastModified: new Date().toISOString(),
        });
      }
      const gone = versions.find((version) => version.versionId === (versionId ?? "null"));
      if (gone === undefined) return versions;
      removed = { versionId, isDeleteMarker: gone.deleteMarker === true };
      change = { name: "ObjectRemoved:Delete", key, versionId: gone.versionId };
      return versions.filter((version) => version !== gone);
    },
    () => {
      if (change !== undefined) context.notify(request, change);
    },
  );
  return removed;
}
