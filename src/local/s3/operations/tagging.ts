import { parseTagging } from "../properties.ts";
import { type Operation, readText, type S3Context, type S3Request, versionHeader } from "../request.ts";
import type { Tag } from "../versions.ts";
import { xmlDocument } from "../xml.ts";
import { findVersion } from "./find.ts";

export const getObjectTagging: Operation = async (context, request) => {
  const version = findVersion(context, request);
  const tags = version.tags.map(({ key, value }) => ({ Key: key, Value: value }));
  return {
    headers: versionHeader(version.versionId, context.store.bucket(request.bucket).versioning),
    body: xmlDocument("Tagging", { TagSet: { Tag: tags } }),
  };
};

export const putObjectTagging: Operation = async (context, request) => {
  findVersion(context, request);
  const versionId = await replaceTags(context, request, parseTagging(await readText(request)));
  return { status: 200, headers: versionHeader(versionId, context.store.bucket(request.bucket).versioning) };
};

export const deleteObjectTagging: Operation = async (context, request) => {
  const versionId = await replaceTags(context, request, []);
  return { status: 204, headers: versionHeader(versionId, context.store.bucket(request.bucket).versioning) };
};

async function replaceTags(context: S3Context, request: S3Request, tags: Tag[]): Promise<string> {
  let versionId = "";
  await context.store.update(request.bucket, request.key, (versions) => {
    const tagged = findVersion(context, request);
    versionId = tagged.versionId;
    return versions.map((version) => (version === tagged ? { ...tagged, tags } : version));
  });
  return versionId;
}
