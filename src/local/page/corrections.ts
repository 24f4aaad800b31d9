import {
  DeleteObjectCommand,
  GetObjectCommand,
  PutObjectCommand,
  paginateListObjectsV2,
  type S3Client,
} from "@aws-sdk/client-s3";
import { RESULTS_BUCKET } from "../stack-events.ts";

/** Beside the results, in their bucket. A result ends in `.json`, so no key of one is that of a correction. */
const PREFIX = "corrections/";
const SUFFIX = ".label";

/** What somebody says of one upload, as it is stored. */
export interface Correction {
  readonly schemaVersion: 1;
  readonly key: string;
  /** Of the bytes that were looked at. */
  readonly eTag: string;
  readonly label: string;
  /** What the model had said. */
  readonly predicted: { readonly label: string; readonly score: number; readonly model: string };
  readonly correctedAt: string;
}

export async function storeCorrection(client: S3Client, correction: Correction): Promise<void> {
  const target = { Bucket: RESULTS_BUCKET, Key: keyOf(correction.key) };
  const Body = JSON.stringify(correction);
  await client.send(new PutObjectCommand({ ...target, Body, ContentType: "application/json" }));
}

export async function removeCorrection(client: S3Client, key: string): Promise<void> {
  await client.send(new DeleteObjectCommand({ Bucket: RESULTS_BUCKET, Key: keyOf(key) }));
}

export async function* listCorrections(client: S3Client): AsyncGenerator<Correction> {
  const target = { Bucket: RESULTS_BUCKET, Prefix: PREFIX };
  for await (const page of paginateListObjectsV2({ client }, target)) {
    for (const { Key = "" } of page.Contents ?? []) {
      if (!Key.endsWith(SUFFIX)) continue;
      const object = await client.send(new GetObjectCommand({ Bucket: RESULTS_BUCKET, Key }));
      yield JSON.parse((await object.Body?.transformToString()) ?? "") as Correction;
    }
  }
}

function keyOf(uploadKey: string): string {
  return `${PREFIX}${uploadKey}${SUFFIX}`;
}
