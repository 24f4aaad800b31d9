import { GetObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { type Zippable, zip } from "fflate";
import { UPLOADS_BUCKET } from "../stack-events.ts";
import type { PictureView } from "./api.ts";

/**
 * The corrected pictures as a ZIP file in ImageFolder layout, `<label>/<file>`, which `model evaluate --images`
 * reads, with `list.tsv` beside it, lines of `file<TAB>label`. Slashes of a key become underscores.
 */
export async function zipImageFolder(
  client: S3Client,
  pictures: readonly PictureView[],
): Promise<Uint8Array> {
  const files: Zippable = {};
  const lines = ["file\tlabel"];
  for (const { key, corrected } of pictures) {
    if (corrected === undefined) continue;
    const object = await client.send(new GetObjectCommand({ Bucket: UPLOADS_BUCKET, Key: key }));
    const file = `${safeName(corrected)}/${uniqueName(files, safeName(corrected), safeName(key))}`;
    // Images are compressed already.
    files[`images/${file}`] = [(await object.Body?.transformToByteArray()) ?? new Uint8Array(), { level: 0 }];
    lines.push(`${file}\t${corrected}`);
  }
  files["list.tsv"] = new TextEncoder().encode(`${lines.join("\n")}\n`);
  return new Promise((resolve, reject) => {
    zip(files, (error, data) => (error === null ? resolve(data) : reject(error)));
  });
}

/** A name that stays below the folder it is unpacked into, and that no reader of lists takes for two columns. */
function safeName(text: string): string {
  return text.replaceAll(/[/\\\p{Cc}]/gu, "_").replace(/^\.+/, "_");
}

function uniqueName(files: Zippable, folder: string, name: string): string {
  for (let number = 1; ; number += 1) {
    const unique = number === 1 ? name : `${number}-${name}`;
    if (files[`images/${folder}/${unique}`] === undefined) return unique;
  }
}
