import type { TestContext } from "node:test";
import { PutObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { createS3Client } from "../../../src/function/s3.ts";
import type { S3Options } from "../../../src/local/s3/server.ts";
import { type Endpoint, startEndpoint } from "../../local/s3/harness.ts";

export interface RecordedS3 {
  readonly endpoint: Endpoint;
  /** The function's own client. */
  readonly s3: S3Client;
  /** Names of the commands sent so far, without "Command". */
  readonly requests: string[];
  /** The greatest number of requests under way at once. */
  peak(): number;
  /** Uploads without being recorded. */
  put(bucket: string, key: string, body: string | Uint8Array): Promise<{ eTag: string; versionId?: string }>;
}

/** An S3 endpoint with the buckets `uploads` and `results`, and the function's client, which records what it sends. */
export async function recordS3(test: TestContext, options: Partial<S3Options> = {}): Promise<RecordedS3> {
  const endpoint = await startEndpoint(test, { buckets: ["uploads", "results"], ...options });
  Object.assign(process.env, {
    AWS_ENDPOINT_URL_S3: endpoint.url,
    AWS_REGION: "us-east-1",
    AWS_ACCESS_KEY_ID: "local",
    AWS_SECRET_ACCESS_KEY: "local",
  });
  const s3 = createS3Client({ s3Attempts: 1, s3ForcePathStyle: true, s3TimeoutMs: 10_000 });
  test.after(() => s3.destroy());
  const requests: string[] = [];
  let [underWay, peak] = [0, 0];
  s3.middlewareStack.add(
    (next, context) => async (args) => {
      requests.push(String(context.commandName).replace(/Command$/, ""));
      underWay += 1;
      peak = Math.max(peak, underWay);
      try {
        return await next(args);
      } finally {
        underWay -= 1;
      }
    },
    { step: "initialize" },
  );
  return {
    endpoint,
    s3,
    requests,
    peak: () => peak,
    async put(Bucket, Key, Body) {
      const { ETag = "", VersionId } = await endpoint.client.send(
        new PutObjectCommand({ Bucket, Key, Body }),
      );
      return { eTag: ETag.replaceAll('"', ""), ...(VersionId !== undefined && { versionId: VersionId }) };
    },
  };
}
