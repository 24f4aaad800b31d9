import { s3Error } from "./errors.ts";
import { header, type S3Request } from "./request.ts";
import type { Tag } from "./versions.ts";
import { childOf, childrenOf, parseXml, textOf } from "./xml.ts";

const KEPT_HEADERS = ["cache-control", "content-disposition", "content-language", "content-type", "expires"];
const META_PREFIX = "x-amz-meta-";
const MAX_META_BYTES = 2048;
const MAX_TAGS = 10;

/** The headers that are stored with an object and sent back to its readers. Throws MetadataTooLarge. */
export function objectHeaders(request: S3Request): Record<string, string> {
  const kept: Record<string, string> = { "content-type": "binary/octet-stream" };
  for (const name of KEPT_HEADERS) {
    const value = header(request, name);
    if (value) kept[name] = value;
  }
  // `aws-chunked` frames the upload; it is no encoding of the object.
  const encodings = (header(request, "content-encoding") ?? "").split(",").map((name) => name.trim());
  const encoding = encodings.filter((name) => name !== "" && name !== "aws-chunked").join(", ");
  if (encoding !== "") kept["content-encoding"] = encoding;
  let metaBytes = 0;
  for (const [name, value] of Object.entries(request.headers)) {
    if (!name.startsWith(META_PREFIX) || typeof value !== "string") continue;
    metaBytes += name.length - META_PREFIX.length + value.length;
    kept[name] = value;
  }
  if (metaBytes > MAX_META_BYTES) throw s3Error("MetadataTooLarge", { details: { Size: metaBytes } });
  return kept;
}

/** The tags of the `x-amz-tagging` header, a URL query. Throws InvalidTag. */
export function headerTags(request: S3Request): Tag[] {
  const query = new URLSearchParams(header(request, "x-amz-tagging") ?? "");
  return validTags([...query].map(([key, value]) => ({ key, value })));
}

/** The tags of a `<Tagging>` document. Throws MalformedXML, InvalidTag. */
export function parseTagging(text: string): Tag[] {
  const set = childOf(parseXml(text, "Tagging"), "TagSet");
  if (set === undefined) throw s3Error("MalformedXML", { message: "Expected <Tagging><TagSet>…" });
  const tags = childrenOf(set, "Tag").map((tag) => {
    const key = textOf(tag, "Key");
    const value = textOf(tag, "Value");
    if (key === undefined || value === undefined) throw s3Error("MalformedXML");
    return { key, value };
  });
  return validTags(tags);
}

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html */
function validTags(tags: Tag[]): Tag[] {
  if (tags.length > MAX_TAGS) {
    throw s3Error("InvalidTag", { message: `Object tags cannot be greater than ${MAX_TAGS}.` });
  }
  for (const { key, value } of tags) {
    if (key.length < 1 || key.length > 128) {
      throw s3Error("InvalidTag", {
        message: "The TagKey you have provided is invalid: 1 to 128 characters.",
      });
    }
    if (value.length > 256) {
      throw s3Error("InvalidTag", {
        message: "The TagValue you have provided is invalid: up to 256 characters.",
      });
    }
  }
  if (new Set(tags.map(({ key }) => key)).size < tags.length) {
    throw s3Error("InvalidTag", { message: "Cannot provide multiple Tags with the same key." });
  }
  return tags;
}
