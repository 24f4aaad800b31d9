import { s3Error } from "../errors.ts";
import { openPayload } from "../payload.ts";
import { checkPolicy } from "../post-policy.ts";
import { objectHeaders, parseTagging } from "../properties.ts";
import { header, type Operation, type S3Reply, type S3Request, versionHeader } from "../request.ts";
import { xmlDocument } from "../xml.ts";
import { checksumHeaders, commitObject, fullObjectChecksum } from "./commit.ts";

/** The form is read as a whole; a browser that sends more should use a presigned PUT here. */
const MAX_FORM_BYTES = 100 * 1024 ** 2;

/**
 * An upload by an HTML form, such as a presigned POST makes: fields, then the file.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html
 */
export const postObject: Operation = async (context, request) => {
  const { store } = context;
  store.bucket(request.bucket);
  const { fields, file } = await readForm(request);
  const policy = fields.get("policy");
  if (policy !== undefined) checkPolicy(policy, new Map([...fields, ["bucket", request.bucket]]), file.size);
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the form's own placeholder
  const key = fields.get("key")?.replaceAll("${filename}", file.name);
  if (!key) {
    throw s3Error("InvalidArgument", { message: "Bucket POST must contain a field named 'key'." });
  }
  if (Buffer.byteLength(key) > 1024) throw s3Error("KeyTooLongError");
  const posted: S3Request = { ...request, key, headers: Object.fromEntries(fields) };
  const tagging = fields.get("tagging");
  const properties = {
    headers: objectHeaders(posted),
    tags: tagging === undefined ? [] : parseTagging(tagging),
  };
  const payload = openPayload(posted.headers, chunksOf(file));
  const data = await store.data.write(payload.chunks);
  const result = payload.result();
  const version = await commitObject(context, posted, "ObjectCreated:Post", {
    ...properties,
    data,
    size: result.size,
    eTag: result.md5.toString("hex"),
    checksum: fullObjectChecksum(payload.algorithm, result),
  });
  const headers = {
    etag: `"${version.eTag}"`,
    ...checksumHeaders(version),
    ...versionHeader(version.versionId, store.bucket(request.bucket).versioning),
  };
  const host = header(request, "host") ?? "localhost";
  return answer(posted, fields, headers, `http://${host}/${request.bucket}/${encodeURIComponent(key)}`);
};

async function readForm(request: S3Request): Promise<{ fields: Map<string, string>; file: File }> {
  const type = header(request, "content-type") ?? "";
  if (!/^multipart\/form-data\s*;/i.test(type)) {
    const message = `Expected a form of multipart/form-data, received ${type || "no content type"}.`;
    throw s3Error("MalformedPOSTRequest", { message });
  }
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request.body) {
    bytes += chunk.length;
    if (bytes > MAX_FORM_BYTES) {
      const message = `The local S3 endpoint takes forms of at most ${MAX_FORM_BYTES} bytes.`;
      throw s3Error("EntityTooLarge", { message });
    }
    chunks.push(chunk);
  }
  const form = await new Response(Buffer.concat(chunks), { headers: { "content-type": type } })
    .formData()
    .catch(() => {
      throw s3Error("MalformedPOSTRequest");
    });
  const fields = new Map<string, string>();
  for (const [name, value] of form) {
    const field = name.toLowerCase();
    // S3 reads no field that comes after the file.
    if (field === "file") return { fields, file: asFile(value) };
    if (typeof value === "string") fields.set(field, value);
  }
  throw s3Error("InvalidArgument", { message: "POST requires exactly one file upload per request." });
}

function asFile(value: File | string): File {
  return typeof value === "string" ? new File([value], "") : value;
}

async function* chunksOf(file: File): AsyncGenerator<Buffer> {
  for await (const chunk of file.stream() as AsyncIterable<Uint8Array>) yield Buffer.from(chunk);
}

/** As the form asks: a redirect, a document, or nothing. */
function answer(
  { bucket, key }: S3Request,
  fields: ReadonlyMap<string, string>,
  headers: Readonly<Record<string, string | undefined>>,
  location: string,
): S3Reply {
  const redirect = fields.get("success_action_redirect") ?? fields.get("redirect");
  if (redirect !== undefined && URL.canParse(redirect)) {
    const target = new URL(redirect);
    for (const [name, value] of Object.entries({ bucket, key, etag: headers.etag ?? "" })) {
      target.searchParams.set(name, value);
    }
    return { status: 303, headers: { ...headers, location: target.href } };
  }
  const status = fields.get("success_action_status");
  if (status === "201") {
    const body = xmlDocument("PostResponse", {
      Location: location,
      Bucket: bucket,
      Key: key,
      ETag: headers.etag,
    });
    return { status: 201, headers: { ...headers, location }, body };
  }
  return { status: status === "200" ? 200 : 204, headers: { ...headers, location } };
}
