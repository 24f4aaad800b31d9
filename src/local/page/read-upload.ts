import { GetObjectCommand } from "@aws-sdk/client-s3";
import type { LocalStack } from "../stack.ts";
import { UPLOADS_BUCKET } from "../stack-events.ts";

// As the function's default.
const MAX_BYTES = 25 * 2 ** 20;

/** @throws where the upload is gone, or has more bytes than the function takes */
export async function readUpload({ client }: Pick<LocalStack, "client">, key: string): Promise<Uint8Array> {
  const target = { Bucket: UPLOADS_BUCKET, Key: key, Range: `bytes=0-${MAX_BYTES}` };
  const object = await client.send(new GetObjectCommand(target));
  const bytes = (await object.Body?.transformToByteArray()) ?? new Uint8Array();
  if (bytes.length > MAX_BYTES) throw new Error(`${key} has more than ${MAX_BYTES} bytes`);
  return bytes;
}
