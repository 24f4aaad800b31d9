import { paginateListObjectsV2, type S3Client } from "@aws-sdk/client-s3";
import { isFolderMarker } from "../function/image-ref.ts";
import { REGION } from "./lambda/process.ts";
import { encodeKey } from "./s3/encoding.ts";

/**
 * Finds uploads that have no result: their notifications were in the queue, which is in memory, when the last run
 * ended.
 *
 * @returns one S3 notification each. They have no `sequencer`: nobody knows it any more.
 */
export async function listUnclassified(
  client: S3Client,
  uploads: string,
  results: AsyncIterable<string>,
): Promise<object[]> {
  const classified = new Set<string>();
  for await (const key of results) classified.add(key);
  const notifications: object[] = [];
  for await (const { Key = "", Size = 0, ETag, LastModified } of listObjects(client, uploads)) {
    if (classified.has(Key) || isFolderMarker({ key: Key, sizeBytes: Size })) continue;
    const object = { key: encodeKey(Key), size: Size, eTag: ETag?.replaceAll('"', "") };
    const record = {
      eventVersion: "2.1",
      eventSource: "aws:s3",
      awsRegion: REGION,
      eventTime: LastModified?.toISOString(),
      eventName: "ObjectCreated:Put",
      s3: { s3SchemaVersion: "1.0", bucket: { name: uploads, arn: `arn:aws:s3:::${uploads}` }, object },
    };
    notifications.push({ Records: [record] });
  }
  return notifications;
}

async function* listObjects(client: S3Client, bucket: string) {
  for await (const page of paginateListObjectsV2({ client }, { Bucket: bucket })) yield* page.Contents ?? [];
}
