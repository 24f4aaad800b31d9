import { type EventSourceOptions, startEventSource } from "../../src/local/event-source.ts";
import { type DeadMessage, Queue } from "../../src/local/queue.ts";

/** As in `template.yaml`: two deliveries in batches, five more alone. */
const MAX_RECEIVE_COUNT = 2;
const ISOLATION_MAX_RECEIVE_COUNT = 5;
const QUEUE_ARN = "arn:aws:sqs:us-east-1:123456789012:uploads";
export const ISOLATION_QUEUE_ARN = "arn:aws:sqs:us-east-1:123456789012:isolation";

/** The two queues of a deployment with what polls them, for one run. */
export interface RunQueues {
  readonly queue: Queue;
  /** No message is left, waiting or in work. */
  isEmpty(): boolean;
  readonly deadMessages: readonly DeadMessage[];
  close(): Promise<void>;
}

export interface RunQueuesOptions
  extends Pick<EventSourceOptions, "batchSize" | "batchingWindowMs" | "maximumConcurrency" | "invoke"> {
  readonly visibilityTimeoutMs: number;
}

/** Starts the uploads queue, which hands over to the isolation queue; retries come almost at once. */
export function startQueues({ visibilityTimeoutMs, ...options }: RunQueuesOptions): RunQueues {
  const isolation = new Queue({ visibilityTimeoutMs, maxReceiveCount: ISOLATION_MAX_RECEIVE_COUNT });
  const queue = new Queue({ visibilityTimeoutMs, maxReceiveCount: MAX_RECEIVE_COUNT, redriveTo: isolation });
  const common = { ...options, reportBatchItemFailures: true, retryDelayMs: 5 };
  const alone = { queue: isolation, queueArn: ISOLATION_QUEUE_ARN, batchSize: 1, batchingWindowMs: 0 };
  const sources = [
    startEventSource({ ...common, queue, queueArn: QUEUE_ARN }),
    startEventSource({ ...common, ...alone }),
  ];
  return {
    queue,
    isEmpty: () => queue.isEmpty && isolation.isEmpty,
    get deadMessages() {
      return isolation.deadMessages;
    },
    async close() {
      await Promise.all(sources.map((source) => source.close()));
    },
  };
}
