import type { LocalStack } from "../stack.ts";
import type { MetricId, MetricStore } from "./dashboard/metric-store.ts";
import { LOCAL_VERSION } from "./dashboard/resolve.ts";

const SAMPLE_MS = 1_000;
const QUEUE = "UploadsQueue";
const ISOLATION_QUEUE = "IsolationQueue";
const DEAD_LETTER_QUEUE = "UploadsDeadLetterQueue";
/** Nothing is invoked asynchronously here, so it stays empty. */
const ASYNCHRONOUS_QUEUE = "AsynchronousFailuresQueue";
const LAMBDA = { namespace: "AWS/Lambda", dimensions: { FunctionName: "ClassifierFunction" } };
/** What Lambda tells of the version that the alias serves. */
const VERSION = {
  ...LAMBDA,
  dimensions: {
    FunctionName: "ClassifierFunction",
    Resource: "ClassifierFunction:live",
    ExecutedVersion: LOCAL_VERSION,
  },
};

/** One invocation, as the file of them keeps it: the cost of pictures needs those of earlier runs, too. */
export interface KeptInvocation {
  readonly timestampMs: number;
  readonly status: string;
  readonly durationMs: number;
}

/**
 * Emits the metrics that SQS and Lambda themselves emit in a deployment, from the local queue and runtime, with
 * the logical ids of template.yaml as names.
 *
 * @param keep takes each invocation for the next run
 * @returns ends it
 */
export function emitServiceMetrics(
  stack: LocalStack,
  store: MetricStore,
  keep: (invocation: KeptInvocation) => void,
): () => void {
  const sample = (): void => {
    const timestampMs = Date.now();
    const { dead, isolation, ...uploads } = stack.queueCounts();
    const gauge = (id: MetricId, unit: string, value: number) => store.add(id, unit, timestampMs, [value]);
    for (const [queue, { waiting, inFlight, oldestAgeMs }] of [
      [QUEUE, uploads],
      [ISOLATION_QUEUE, isolation],
    ] as const) {
      gauge(sqs(queue, "ApproximateNumberOfMessagesVisible"), "Count", waiting);
      gauge(sqs(queue, "ApproximateNumberOfMessagesNotVisible"), "Count", inFlight);
      gauge(sqs(queue, "ApproximateAgeOfOldestMessage"), "Seconds", oldestAgeMs / 1000);
    }
    gauge(sqs(DEAD_LETTER_QUEUE, "ApproximateNumberOfMessagesVisible"), "Count", dead);
    gauge(sqs(ASYNCHRONOUS_QUEUE, "ApproximateNumberOfMessagesVisible"), "Count", 0);
    const busy = stack.environments().filter(({ state }) => state === "busy").length;
    gauge({ ...LAMBDA, name: "ConcurrentExecutions" }, "Count", busy);
  };
  const onInvocation = ({ status, durationMs }: Omit<KeptInvocation, "timestampMs">): void => {
    const invocation = { timestampMs: Date.now(), status, durationMs };
    storeInvocation(store, invocation);
    keep(invocation);
  };
  sample();
  const timer = setInterval(sample, SAMPLE_MS).unref();
  stack.events.on("invocation", onInvocation);
  return () => {
    clearInterval(timer);
    stack.events.off("invocation", onInvocation);
  };
}

export function storeInvocation(
  store: MetricStore,
  { timestampMs, status, durationMs }: KeptInvocation,
): void {
  const emit = (name: string, unit: string, value: number) => {
    for (const id of [LAMBDA, VERSION]) store.add({ ...id, name }, unit, timestampMs, [value]);
  };
  emit("Invocations", "Count", 1);
  emit("Errors", "Count", status === "success" ? 0 : 1);
  // The local runtime lets an event wait instead of throttling it.
  emit("Throttles", "Count", 0);
  emit("Duration", "Milliseconds", durationMs);
}

function sqs(queue: string, name: string): MetricId {
  return { namespace: "AWS/SQS", name, dimensions: { QueueName: queue } };
}
