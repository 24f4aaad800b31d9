import { ClassifierError } from "../errors.ts";
import { batchOperationsTrigger } from "./batch-operations.ts";
import { directTrigger } from "./direct.ts";
import { eventBridgeTrigger } from "./eventbridge.ts";
import { isObject, shown } from "./json.ts";
import { s3Trigger } from "./s3.ts";
import { snsTrigger } from "./sns.ts";
import { pipesTrigger, sqsTrigger } from "./sqs.ts";
import type { Trigger } from "./trigger.ts";

/** The commonest first; their shapes exclude each other. */
export const TRIGGERS: readonly Trigger<unknown>[] = [
  sqsTrigger,
  s3Trigger,
  snsTrigger,
  eventBridgeTrigger,
  pipesTrigger,
  batchOperationsTrigger,
  directTrigger,
];

/**
 * Finds the trigger whose shape an event has.
 *
 * @throws {ClassifierError} `INVALID_EVENT` that lists the shapes, and the fields that came
 */
export function selectTrigger(event: unknown): Trigger<unknown> {
  const trigger = TRIGGERS.find((candidate) => candidate.matches(event));
  if (trigger !== undefined) return trigger;
  const shapes = TRIGGERS.map(({ shape }) => shape).join("; ");
  throw new ClassifierError(
    "INVALID_EVENT",
    `expected an event of one of these shapes: ${shapes}. Got ${outline(event)}`,
  );
}

function outline(event: unknown): string {
  if (isObject(event))
    return `an object with the fields: ${Object.keys(event).slice(0, 20).join(", ") || "none"}`;
  return Array.isArray(event) ? `an array of ${event.length}` : shown(event);
}
