import { s3Error } from "../errors.ts";
import { header, type Operation, versionHeader } from "../request.ts";
import type { ObjectVersion } from "../versions.ts";
import { xmlDocument } from "../xml.ts";
import { checksumElements } from "./commit.ts";
import { findVersion } from "./find.ts";

const ATTRIBUTES = {
  ETag: ({ eTag }: ObjectVersion) => ({ ETag: eTag }),
  Checksum: ({ checksum }: ObjectVersion) =>
    checksum === undefined ? {} : { Checksum: checksumElements(checksum) },
  ObjectParts: ({ partSizes }: ObjectVersion) =>
    partSizes === undefined ? {} : { ObjectParts: { PartsCount: partSizes.length } },
  StorageClass: () => ({ StorageClass: "STANDARD" }),
  ObjectSize: ({ size }: ObjectVersion) => ({ ObjectSize: size }),
} as const;

/** What `x-amz-object-attributes` asks for, without the object's bytes. Throws InvalidArgument. */
export const getObjectAttributes: Operation = async (context, request) => {
  const version = findVersion(context, request);
  const names = (header(request, "x-amz-object-attributes") ?? "").split(",").map((name) => name.trim());
  const unknown = names.find((name) => !Object.hasOwn(ATTRIBUTES, name));
  if (unknown !== undefined) {
    const message = `Expected x-amz-object-attributes with some of ${Object.keys(ATTRIBUTES).join(", ")}, received "${unknown}".`;
    throw s3Error("InvalidArgument", { message });
  }
  const content = (names as (keyof typeof ATTRIBUTES)[]).map((name) => ATTRIBUTES[name](version));
  return {
    headers: {
      "last-modified": new Date(version.lastModified).toUTCString(),
      ...versionHeader(version.versionId, context.store.bucket(request.bucket).versioning),
    },
    body: xmlDocument("GetObjectAttributesResponse", Object.assign({}, ...content)),
  };
};
