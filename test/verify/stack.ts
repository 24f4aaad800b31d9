import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { startStack } from "../../src/local/stack.ts";
import { RESULTS_BUCKET, UPLOADS_BUCKET } from "../../src/local/stack-events.ts";
import { PROJECT_DIR } from "../../src/local/template.ts";

export const MODEL = "upload-triage";
export const ALIAS_ARN = "arn:aws:lambda:eu-central-1:123456789012:function:classifier:live";

/** What the deployed stack's outputs would be, with the buckets of a local stack. */
export const OUTPUTS: Readonly<Record<string, string>> = {
  UploadsBucketName: UPLOADS_BUCKET,
  ResultsBucketName: RESULTS_BUCKET,
  FunctionAlias: ALIAS_ARN,
  LogGroupName: "classifier-logs",
  IsolationQueueUrl: "https://sqs/isolation",
  DeadLetterQueueArn: "arn:aws:sqs:eu-central-1:123456789012:dead",
};

/** A local stack that ends with the test. */
export async function startLocalStack(t: TestContext, environment: Readonly<Record<string, string>> = {}) {
  const dataDir = await mkdtemp(join(tmpdir(), "verify-"));
  const stack = await startStack({
    dataDir,
    modelDir: join(PROJECT_DIR, "models", MODEL),
    concurrency: 2,
    initTimeoutMs: 60_000,
    environment,
    queue: { batchingWindowMs: 50, retryDelayMs: 50 },
  });
  t.after(async () => {
    await stack.close();
    await rm(dataDir, { recursive: true, force: true });
  });
  return stack;
}
