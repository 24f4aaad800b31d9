import { PutObjectCommand } from "@aws-sdk/client-s3";
import { createLocalClient } from "../../local/s3/client.ts";
import type { ObjectEventRecord } from "../../local/s3/notification.ts";
import { type S3Server, startS3 } from "../../local/s3/server.ts";

/** Buckets of the endpoint. A deployed uploads bucket has versions. */
export const RESULTS_BUCKET = "results";
const UPLOADS = { name: "uploads", versioning: true };

/** An S3 endpoint, and a client that uploads to it. */
export interface Uploads {
  readonly url: string;
  /** Uploads pictures under new keys, and gives the SQS event of them. */
  upload(pictures: readonly Uint8Array[]): Promise<unknown>;
  close(): Promise<void>;
}

/** @param dataDir where the endpoint keeps its objects */
export async function startUploads(dataDir: string): Promise<Uploads> {
  const records: ObjectEventRecord[] = [];
  const server: S3Server = await startS3({
    dataDir,
    buckets: [UPLOADS, RESULTS_BUCKET],
    onObjectEvent: ({ ...record }) => {
      if (record.s3.bucket.name === UPLOADS.name) records.push(record);
    },
  });
  const client = createLocalClient(server.url);
  let uploaded = 0;
  return {
    url: server.url,
    async upload(pictures) {
      for (const Body of pictures) {
        const Key = `${String(uploaded++).padStart(8, "0")}.jpg`;
        await client.send(new PutObjectCommand({ Bucket: UPLOADS.name, Key, Body }));
      }
      return sqsEvent(records.splice(0, pictures.length));
    },
    async close() {
      client.destroy();
      await server.close();
    },
  };
}

/** A batch as Lambda's event source mapping hands it over: one S3 notification a message. */
export function sqsEvent(records: readonly ObjectEventRecord[]): unknown {
  return {
    Records: records.map((record, i) => ({
      messageId: `message-${i}`,
      receiptHandle: `handle-${i}`,
      body: JSON.stringify({ Records: [record] }),
      eventSource: "aws:sqs",
      eventSourceARN: "arn:aws:sqs:us-east-1:123456789012:uploads",
      awsRegion: "us-east-1",
    })),
  };
}
