import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { S3Client } from "@aws-sdk/client-s3";
import { createLocalClient } from "../../../src/local/s3/client.ts";
import type { ObjectEventRecord } from "../../../src/local/s3/notification.ts";
import { type S3Options, type S3Server, startS3 } from "../../../src/local/s3/server.ts";

export interface Endpoint extends S3Server {
  readonly client: S3Client;
  readonly dataDir: string;
  /** All records so far, oldest first. */
  readonly events: readonly ObjectEventRecord[];
}

/** A temporary folder that goes away with the test. */
export async function temporaryFolder(test: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "local-s3-"));
  test.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A running endpoint with a bucket `uploads` and a real S3 client, closed with the test. */
export async function startEndpoint(test: TestContext, options: Partial<S3Options> = {}): Promise<Endpoint> {
  const dataDir = options.dataDir ?? (await temporaryFolder(test));
  const events: ObjectEventRecord[] = [];
  const server = await startS3({
    buckets: ["uploads"],
    onObjectEvent: (record) => events.push(record),
    ...options,
    dataDir,
  });
  const client = createClient(server.url);
  test.after(async () => {
    client.destroy();
    await server.close();
  });
  return { ...server, client, dataDir, events };
}

/** A client as an application would make it; `maxAttempts` 1 shows every answer. */
export function createClient(endpoint: string): S3Client {
  return createLocalClient(endpoint, { maxAttempts: 1 });
}

/** The bytes of a response body. */
export async function bytesOf(
  body: { transformToByteArray(): Promise<Uint8Array> } | undefined,
): Promise<Buffer> {
  return Buffer.from((await body?.transformToByteArray()) ?? []);
}
