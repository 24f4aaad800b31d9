import { join } from "node:path";
import { createClassifier } from "../../src/function/classifier.ts";
import { holdYoungGeneration } from "../../src/function/heap.ts";
import { loadModel } from "../../src/function/model/load.ts";
import { createResponder } from "../../src/function/respond.ts";
import { createS3Client } from "../../src/function/s3.ts";
import { createMetrics } from "../../src/function/telemetry.ts";
import { PROJECT_DIR, sqsEvent, testConfig } from "./harness.ts";

/** What the process held after so many pictures, in bytes. */
export interface MemorySample extends NodeJS.MemoryUsage {
  readonly pictures: number;
  /** Resident on average after each of the last 50 batches: garbage comes and goes. */
  readonly meanRss: number;
}

const BATCH_SIZE = 10;
const MEAN_OF = 50;

/** Classifies uploads in batches of ten as the handler does, and reports its memory after each number of pictures. */
async function work(keys: readonly string[], counts: readonly number[]): Promise<void> {
  // On a machine that does other things nothing may come back.
  const config = testConfig({ s3TimeoutMs: 600_000 });
  const model = await loadModel(join(PROJECT_DIR, "models/upload-triage"));
  const classifier = await createClassifier(model, config);
  const metrics = createMetrics(config.serviceName, model.name);
  const respond = createResponder({ config, classifier, metrics, s3: createS3Client(config) });
  const context = { awsRequestId: "request-1", getRemainingTimeInMillis: () => 600_000 };
  const bodyOf = (key: string) => ({
    source: "aws.s3",
    "detail-type": "Object Created",
    detail: { bucket: { name: "uploads" }, object: { key } },
  });
  const resident: number[] = [];
  for (let pictures = 0; pictures < Math.max(...counts); ) {
    const batch = Array.from({ length: BATCH_SIZE }, (_, i) =>
      bodyOf(keys[(pictures + i) % keys.length] ?? ""),
    );
    holdYoungGeneration();
    const answer = (await respond(sqsEvent(batch), context)) as { batchItemFailures: unknown[] };
    if (answer.batchItemFailures.length > 0) throw new Error("expected all to be classified");
    pictures += BATCH_SIZE;
    if (counts.includes(pictures)) globalThis.gc?.();
    resident.push(process.memoryUsage.rss());
    if (resident.length > MEAN_OF) resident.shift();
    if (counts.includes(pictures))
      process.send?.({
        pictures,
        meanRss: resident.reduce((sum, bytes) => sum + bytes, 0) / resident.length,
        ...process.memoryUsage(),
      } satisfies MemorySample);
  }
}

const [keys = "[]", counts = "[]"] = process.argv.slice(2);
await work(JSON.parse(keys), JSON.parse(counts));
process.disconnect?.();
process.exit(0);
