import { PutObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { UPLOADS_BUCKET } from "../stack-events.ts";
import { ActionError } from "./action-error.ts";

// As the function's default: what it does not take is not fetched.
const MAX_BYTES = 25 * 2 ** 20;
const PATIENCE_MS = 20_000;

/**
 * Fetches an image from the web and puts it into the uploads bucket, under the last part of its address.
 *
 * @param isTaken whether a key is that of another upload
 * @throws {ActionError} that says what came instead of an image
 */
export async function fetchImage(
  client: S3Client,
  address: string,
  isTaken: (key: string) => boolean,
): Promise<void> {
  const url = URL.parse(address);
  if (url === null || !["http:", "https:"].includes(url.protocol))
    throw new ActionError(`expected an address that begins with http:// or https://, got ${address}`);
  const response = await request(url);
  const type = response.headers.get("content-type")?.split(";")[0] ?? "";
  if (!response.ok) throw new ActionError(`${url.host} answered ${response.status}`);
  if (!type.startsWith("image/") && type !== "application/octet-stream")
    throw new ActionError(`expected an image, ${url.host} answered ${type || "something of no type"}`);
  const Body = await readBody(response, url);
  await client.send(
    new PutObjectCommand({ Bucket: UPLOADS_BUCKET, Key: keyOf(url, type, isTaken), Body, ContentType: type }),
  );
}

async function request(url: URL): Promise<Response> {
  try {
    return await fetch(url, { signal: AbortSignal.timeout(PATIENCE_MS), headers: { accept: "image/*" } });
  } catch (error) {
    const { name, cause } = error as Error & { cause?: { code?: string } };
    const why = name === "TimeoutError" ? `did not answer in ${PATIENCE_MS / 1000} s` : "is not reachable";
    throw new ActionError(`${url.host} ${why}${cause?.code === undefined ? "" : ` (${cause.code})`}`);
  }
}

async function readBody(response: Response, url: URL): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > MAX_BYTES) throw new ActionError(`${url.host} sends more than ${MAX_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** `https://example.com/a/cat.jpg?w=900` → `cat.jpg`, or `cat-2.jpg` where that is taken. */
function keyOf({ pathname, hostname }: URL, type: string, isTaken: (key: string) => boolean): string {
  const last = decodeURIComponent(pathname.split("/").at(-1) ?? "");
  const extension = type === "application/octet-stream" ? "" : `.${type.slice("image/".length)}`;
  const name = (last === "" ? `${hostname}${extension}` : last).slice(-200);
  const [, stem = name, ending = ""] = /^(.*?)(\.[^.]*)?$/s.exec(name) ?? [];
  let key = name;
  for (let number = 2; isTaken(key); number += 1) key = `${stem}-${number}${ending}`;
  return key;
}
