import { randomUUID } from "node:crypto";
import { localS3Variables } from "../../local/s3/client.ts";
import { readFunctionTemplate, readTemplate } from "../../local/template.ts";
import { startStorage } from "../deployed/storage.ts";
import { RESULTS_BUCKET } from "../deployed/uploads.ts";
import type { OpensRow } from "./row.ts";

type Handler = (event: unknown, context: object) => Promise<{ batchItemFailures: unknown[] }>;

/**
 * The built bundle with template.yaml's settings and its S3 client, fed with SQS batches. Variables of this process win
 * over the template's.
 *
 * @param latencyMs of an S3 request
 * @param batch     pictures of one invocation
 */
export function openDeployed(latencyMs: number, batch: number): OpensRow {
  return async ({ bundle, modelDir, cores }) => {
    const storage = await startStorage(latencyMs, cores?.all);
    const { environment, timeoutSeconds } = readFunctionTemplate(await readTemplate());
    Object.assign(process.env, {
      ...environment,
      ...process.env,
      MODEL_DIR: modelDir,
      RESULTS_BUCKET,
      ...localS3Variables(storage.url),
    });
    // Its metrics and logs are no output of the bench.
    process.stdout.write = () => true;
    const { handler } = (await import(`file://${bundle}`)) as { handler: Handler };
    let events: unknown[] = [];
    return {
      prepare: async (pictures) => {
        events = await storage.upload(pictures, batch);
      },
      run: async (pictures, onPicture) => {
        for (const [i, event] of events.entries()) {
          const start = performance.now();
          const context = {
            awsRequestId: randomUUID(),
            getRemainingTimeInMillis: () => timeoutSeconds * 1000,
          };
          const { batchItemFailures } = await handler(event, context);
          if (batchItemFailures.length > 0) throw new Error("Expected every picture to be classified.");
          const latencyMs = performance.now() - start;
          const end = Math.min(pictures.length, (i + 1) * batch);
          for (let index = i * batch; index < end; index++) onPicture(index, latencyMs, {});
        }
      },
      close: () => storage.close(),
    };
  };
}
