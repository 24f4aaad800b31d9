import type { Metrics } from "@aws-lambda-powertools/metrics";
import type { S3Client } from "@aws-sdk/client-s3";
import { classifyBatch } from "./batch.ts";
import type { Classifier } from "./classifier.ts";
import type { Config } from "./config.ts";
import { createDeadline, type Deadline } from "./deadline.ts";
import { ClassifierError, messageOf } from "./errors.ts";
import type { Publisher } from "./stages/publish/publisher.ts";
import { createPublisher } from "./stages/publish/select.ts";
import { createFileMemory } from "./sync/file-memory.ts";
import { publishOutcomes } from "./telemetry.ts";
import { selectTrigger } from "./triggers/select.ts";
import type { Done, Task } from "./triggers/trigger.ts";
import { classifyUpload, type Delivery, forgetUpload } from "./upload.ts";

/** What outlives an invocation. */
export interface Dependencies {
  readonly config: Config;
  readonly classifier: Classifier;
  readonly s3: S3Client;
  readonly metrics: Metrics;
}

/** What is used of Lambda's context. */
export interface InvocationContext {
  readonly awsRequestId: string;
  getRemainingTimeInMillis(): number;
}

/**
 * The function as a function: event → trigger → tasks → outcomes → response. Invocations of one process may overlap.
 *
 * @returns a responder that throws `ClassifierError` `INVALID_EVENT` for an event of no known shape
 */
export function createResponder({ config, classifier, s3, metrics }: Dependencies) {
  const files = createFileMemory(config.fileMemoryMb * 2 ** 20, config.maxObjectBytes);
  return async (event: unknown, { awsRequestId, ...context }: InvocationContext): Promise<unknown> => {
    const end = createDeadline(context.getRemainingTimeInMillis());
    const trigger = selectTrigger(event);
    const publisher = createPublisher(s3, config, awsRequestId);
    const deadline = publisher.flushMs === 0 ? end : end.before(publisher.flushMs);
    const tasks = trigger
      .read(event)
      .filter(({ isRemoval }) => config.removeResults || !isRemoval)
      .map((task) => refuseResultsBucket(task, config.resultsBucket));
    const shared = { s3, classifier, publisher, files, config, deadline, requestId: awsRequestId };
    const worked = await classifyBatch(
      tasks,
      (task) =>
        task.isRemoval
          ? forgetUpload(shared, task.target)
          : classifyUpload(shared, task.target, deliveryOf(task, config)),
      { ...config, deadline, ...(tasks.some((task) => deliveryOf(task, config) !== "shared") && ONE_BY_ONE) },
    );
    const done = await flushResults(publisher, worked, end);
    const { serviceName: service, functionVersion: version } = config;
    const labelCount = classifier.model.labels.length;
    publishOutcomes(metrics, { service, version, labelCount, requestId: awsRequestId }, done);
    return trigger.answer(event, done);
  };
}

/** A message may carry several uploads, and the memory has room for one that is decoded apart. */
const ONE_BY_ONE = { imagesInFlight: 1 };

/** An upload to the results bucket would have a result there, which would have a result, and so on. */
function refuseResultsBucket(task: Task, resultsBucket: string): Task {
  const { target } = task;
  if (target instanceof ClassifierError || target.bucket !== resultsBucket) return task;
  const message = `expected an upload, got an event of the results bucket ${resultsBucket}: its results would have results`;
  return { ...task, target: new ClassifierError("INVALID_EVENT", message) };
}

/**
 * Nothing counts before what the publisher has kept is written: when that fails, every result of it comes again. Of what is
 * superseded the result that stands may be among them.
 */
async function flushResults(publisher: Publisher, done: readonly Done[], end: Deadline): Promise<Done[]> {
  try {
    await end.bound(publisher.flush(end.signal));
    return [...done];
  } catch (thrown) {
    const error =
      thrown instanceof ClassifierError
        ? thrown
        : new ClassifierError("PUBLISH_FAILED", messageOf(thrown), thrown);
    return done.map(({ id, outcome }) =>
      "result" in outcome || outcome.status === "superseded"
        ? { id, outcome: { status: "failed", ref: outcome.ref, error } }
        : { id, outcome },
    );
  }
}

/**
 * So many receives bring nothing before an upload is at fault for what becomes of its decoder. Whether SQS goes on counting
 * when a message moves to another queue is not documented: if it does, two of these were in the uploads queue.
 */
const RECEIVES_BEFORE_SUSPICION = 3;

function deliveryOf({ message }: Task, config: Config): Delivery {
  if (message === undefined || message.queueArn !== config.isolationQueueArn) return "shared";
  return message.receives > RECEIVES_BEFORE_SUSPICION ? "suspect" : "alone";
}
