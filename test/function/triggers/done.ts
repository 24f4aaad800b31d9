import { ClassifierError, type ErrorCode } from "../../../src/function/errors.ts";
import type { Outcome } from "../../../src/function/outcome.ts";
import { classifiedResult, rejectedResult } from "../../../src/function/result.ts";
import type { Done } from "../../../src/function/triggers/trigger.ts";

const REF = { bucket: "uploads", key: "k" };
const ORIGIN = { model: { name: "m", sha256: "0".repeat(64), fingerprint: "0".repeat(64) }, requestId: "r" };
const MEASURED = { durationMs: 1, publishMs: 1 };

/** How an entry of an event ended: "classified" as a photo, "superseded", or with a code. */
export function done(id: string, end: "classified" | "superseded" | ErrorCode, message = "why"): Done {
  return { id, outcome: outcomeOf(id, end, message) };
}

function outcomeOf(id: string, end: "classified" | "superseded" | ErrorCode, message: string): Outcome {
  if (end === "superseded") return { status: end, ref: REF };
  if (end === "classified") {
    const result = classifiedResult(ORIGIN, REF, {
      image: { format: "png", width: 1, height: 1 },
      predictions: [{ label: "photo", index: 0, score: 0.98765 }],
      timingsMs: { fetch: 1, decode: 1, normalize: 1, infer: 1, rank: 1 },
    });
    return { status: end, ref: REF, result, measured: MEASURED };
  }
  const error = new ClassifierError(end, message);
  if (end === "INVALID_EVENT") return { status: "unreadable", id, error, isRedelivered: false };
  if (error.retryable) return { status: "failed", ref: REF, error };
  return {
    status: "rejected",
    ref: REF,
    error,
    result: rejectedResult(ORIGIN, REF, error),
    measured: MEASURED,
  };
}
