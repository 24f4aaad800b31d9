import middy from "@middy/core";
import { readConfig } from "./config.ts";
import { keepYoungGenerationSmall } from "./heap.ts";
import { loadModel } from "./model/load.ts";
import { createResponder } from "./respond.ts";
import { createS3Client } from "./s3.ts";
import { warmUpDecoder } from "./stages/decode/sharp.ts";
import { createMetrics, recordColdStart } from "./telemetry.ts";

// Top-level await: all of this is Lambda's INIT, before the first event. The first decode runs on libuv's threads
// while ONNX Runtime, on this one, opens the session.
const config = readConfig(process.env);
const startedAt = performance.now();
const [model] = await Promise.all([
  loadModel(config.modelDir, { intraOpNumThreads: config.intraOpThreads }),
  warmUpDecoder(),
]);
const metrics = createMetrics(config.serviceName, model.name);
const modelLoadMs = performance.now() - startedAt;
keepYoungGenerationSmall();
let isColdStart = true;

/** Writes what was recorded as EMF to stdout, also when the invocation throws. */
const flushMetrics = () => {
  if (metrics.hasStoredMetrics()) metrics.publishStoredMetrics();
};

/** The Lambda handler, for all event shapes of `triggers/`. */
export const handler = middy(createResponder({ config, model, metrics, s3: createS3Client(config) })).use({
  before: () => {
    if (isColdStart) recordColdStart(metrics, modelLoadMs);
    isColdStart = false;
  },
  after: flushMetrics,
  onError: flushMetrics,
});
