import type { Metrics } from "@aws-lambda-powertools/metrics";
import type { S3Client } from "@aws-sdk/client-s3";
import { classifyBatch } from "./batch.ts";
import type { Config } from "./config.ts";
import { createDeadline } from "./deadline.ts";
import { ClassifierError } from "./errors.ts";
import type { ImageRef } from "./image-ref.ts";
import type { Model } from "./model/load.ts";
import type { Outcome } from "./outcome.ts";
import { createSlot } from "./slot.ts";
import { createPixelLane } from "./sync/semaphore.ts";
import { logOutcomes, recordOutcomes } from "./telemetry.ts";
import { selectTrigger } from "./triggers/select.ts";
import type { Task } from "./triggers/trigger.ts";

/** What outlives an invocation. */
export interface Dependencies {
  readonly config: Config;
  readonly model: Model;
  readonly s3: S3Client;
  readonly metrics: Metrics;
}

/** What is used of Lambda's context. */
export interface InvocationContext {
  readonly awsRequestId: string;
  getRemainingTimeInMillis(): number;
}

/**
 * The function as a function: event → trigger → uploads → outcomes → response. Allocates the slots once; invocations
 * of one environment never overlap.
 *
 * @returns a responder that throws `ClassifierError` `INVALID_EVENT` for an event of no known shape
 */
export function createResponder({ config, model, s3, metrics }: Dependencies) {
  const slots = Array.from({ length: config.imagesInFlight }, () => createSlot(model));
  const pixelLane = createPixelLane(config.maxImagePixels);
  return async (event: unknown, { awsRequestId, ...context }: InvocationContext): Promise<unknown> => {
    const deadline = createDeadline(context.getRemainingTimeInMillis());
    const trigger = selectTrigger(event);
    const tasks = trigger.read(event);
    const refs = tasks.map(({ target }) => target).filter(isUpload);
    const classified = await classifyBatch(
      { s3, model, config, deadline, pixelLane, requestId: awsRequestId },
      slots,
      refs,
    );
    const outcomes = alignOutcomes(tasks, classified);
    recordOutcomes(metrics, outcomes);
    logOutcomes({ service: config.serviceName, requestId: awsRequestId }, outcomes);
    return trigger.answer(
      event,
      tasks.map(({ id }, index) => ({ id, outcome: outcomes[index] as Outcome })),
    );
  };
}

function isUpload(target: Task["target"]): target is ImageRef {
  return !(target instanceof ClassifierError);
}

/** Puts the outcomes of the readable tasks between the unreadable ones. */
function alignOutcomes(tasks: readonly Task[], classified: readonly Outcome[]): Outcome[] {
  const rest = classified.values();
  return tasks.map(({ target }) =>
    target instanceof ClassifierError
      ? { status: "unreadable", error: target }
      : (rest.next().value as Outcome),
  );
}
