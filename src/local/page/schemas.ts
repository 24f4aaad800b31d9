import { MAX_CONCURRENCY } from "./actions.ts";
import type { Actions } from "./api.ts";
import { FAST } from "./dashboard-feed.ts";

const KEY = { type: "string", minLength: 1, maxLength: 1024 } as const;

/** JSON schemas of the bodies of `POST /api/<name>`. */
export const ACTION_SCHEMAS: Readonly<Record<keyof Actions, object>> = {
  fault: body({ fault: { enum: ["none", "unavailable", "slow"] } }, ["fault"]),
  kill: body({ id: { type: "string", maxLength: 64 } }, []),
  redrive: body({}, []),
  model: body({ name: { type: "string", maxLength: 255 } }, ["name"]),
  concurrency: body({ count: { type: "integer", minimum: 1, maximum: MAX_CONCURRENCY } }, ["count"]),
  rerun: body({ keys: { type: "array", minItems: 1, items: KEY } }, []),
  delete: body({ keys: { type: "array", minItems: 1, items: KEY } }, ["keys"]),
  correct: body({ key: KEY, label: { type: ["string", "null"], minLength: 1, maxLength: 200 } }, [
    "key",
    "label",
  ]),
  fetch: body({ url: { type: "string", minLength: 1, maxLength: 4096 } }, ["url"]),
  clock: body({ speed: { enum: [1, FAST] } }, ["speed"]),
};

function body(properties: object, required: readonly string[]): object {
  return { type: "object", properties, required, additionalProperties: false };
}
