import type { Deadline } from "../../deadline.ts";
import { ClassifierError } from "../../errors.ts";

/** 50 megapixels take one to two seconds, as AVIF up to five; only a picture that was made to take long takes ten. */
export const MAX_DECODE_SECONDS = 10;

/** What a decoder is given. sharp counts whole seconds, and takes 0 as no limit. */
export function decodeSeconds(deadline: Deadline): number {
  return Math.min(MAX_DECODE_SECONDS, Math.max(1, Math.floor(deadline.remainingMs() / 1000)));
}

/** A decoder was stopped after so long. When it was given less than the most, another invocation may have more. */
export function outOfTime(timeoutSeconds: number, cause?: unknown): ClassifierError {
  return new ClassifierError(
    timeoutSeconds < MAX_DECODE_SECONDS ? "DEADLINE_NEAR" : "DECODE_LIMIT",
    `expected the image to decode in ${timeoutSeconds} s, and it did not`,
    cause,
  );
}
