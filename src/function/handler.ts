import middy from "@middy/core";
import { createClassifier } from "./classifier.ts";
import { readConfig } from "./config.ts";
import { holdYoungGeneration } from "./heap.ts";
import { assertMemory } from "./memory.ts";
import { loadModel } from "./model/load.ts";
import { createResponder } from "./respond.ts";
import { createS3Client } from "./s3.ts";
import { createMetrics, logStuck, recordColdStart } from "./telemetry.ts";

// Top-level await: all of this is Lambda's INIT, before the first event.
const config = readConfig(process.env);
assertMemory(config);
const startedAt = performance.now();
const model = await loadModel(config.modelDir, { intraOpNumThreads: config.intraOpThreads });
const classifier = await createClassifier(model, config);
const metrics = createMetrics(config.serviceName, model.name);
const modelLoadMs = performance.now() - startedAt;
let isColdStart = true;

/**
 * The Lambda handler, for all event shapes of `triggers/`. middy's early timeout is off: the batch keeps a deadline of its
 * own, with which what is done keeps its result.
 */
export const handler = middy(createResponder({ config, classifier, metrics, s3: createS3Client(config) }), {
  timeoutEarlyInMillis: 0,
}).use({
  before: () => {
    if (classifier.isStuck) {
      // Lambda starts another environment, and the queue delivers this event again.
      logStuck(config.serviceName);
      process.exit(1);
    }
    if (isColdStart) recordColdStart(metrics, modelLoadMs);
    isColdStart = false;
    holdYoungGeneration();
  },
});
