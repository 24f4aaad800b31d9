import { writeSync } from "node:fs";
import type { ColdStartSample, Step } from "./sample.ts";

/**
 * Runs in the process whose start is measured: loads a bundle, hands it one event, and writes when that was ready and
 * done to file descriptor 3. Built before use: reading TypeScript would be a good part of what it measures.
 *
 * Arguments: the bundle's path, bucket, key.
 */
const [bundle, bucket, key] = process.argv.slice(2);
const loadingAt = performance.now();
const { handler } = await import(`file://${bundle}`);
const readyAt = performance.now();
await handler({ bucket, key }, { awsRequestId: "cold-start", getRemainingTimeInMillis: () => 30_000 });
const doneAt = performance.now();

const { user, system } = process.cpuUsage();
const { bootstrapComplete } = (performance as unknown as { nodeTiming: { bootstrapComplete: number } })
  .nodeTiming;
const steps = (globalThis as { coldStartSteps?: Step[] }).coldStartSteps ?? [];
const sample: ColdStartSample = {
  originMs: performance.timeOrigin,
  bootstrapMs: bootstrapComplete,
  loadingMs: loadingAt,
  readyMs: readyAt,
  doneMs: doneAt,
  cpuMs: (user + system) / 1000,
  peakMemoryMb: process.resourceUsage().maxRSS / 1024,
  steps,
};
writeSync(3, JSON.stringify(sample));
process.exit();
