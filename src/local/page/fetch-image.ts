import { PutObjectCommand, type S3Client, S3ServiceException } from "@aws-sdk/client-s3";
import { UPLOADS_BUCKET } from "../stack-events.ts";
import { type Download, type DownloadLimits, download } from "./download.ts";

/** As the function's default: what it does not take is not fetched. */
export const FETCH_LIMITS: DownloadLimits = { maxBytes: 25 * 2 ** 20, patienceMs: 20_000, maxRedirects: 5 };

/**
 * Fetches an image from the web and puts it into the uploads bucket, under the last part of its address; where that name is
 * taken, with a number.
 *
 * @throws {ActionError} that says what came instead of an image
 */
export async function fetchImage(client: S3Client, address: string, limits = FETCH_LIMITS): Promise<void> {
  const image = await download(address, limits);
  const { body: Body, contentType: ContentType } = image;
  const [, stem = "", ending = ""] = /^(.*?)(\.[^.]*)?$/s.exec(nameOf(image)) ?? [];
  for (let number = 1; ; number += 1) {
    const Key = number === 1 ? `${stem}${ending}` : `${stem}-${number}${ending}`;
    try {
      await client.send(
        new PutObjectCommand({ Bucket: UPLOADS_BUCKET, Key, Body, ContentType, IfNoneMatch: "*" }),
      );
      return;
    } catch (error) {
      if (!(error instanceof S3ServiceException) || error.$metadata.httpStatusCode !== 412) throw error;
    }
  }
}

/** `https://example.com/a/cat.jpg?w=900` → `cat.jpg` */
function nameOf({ url, contentType }: Download): string {
  const last = decode(url.pathname.split("/").at(-1) ?? "").replaceAll(/[\p{Cc}/\\]/gu, "_");
  if (last !== "") return [...last].slice(-200).join("");
  return contentType === "application/octet-stream"
    ? url.hostname
    : `${url.hostname}.${contentType.slice("image/".length)}`;
}

/** As it stands where its escapes are none, as in `50%.jpg`. */
function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
