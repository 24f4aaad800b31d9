import type * as Errors from "../../../src/function/errors.ts";

/** As if S3 were never at fault: what it does not deliver is rejected for good. */
export function rejectFailedFetches({ ERRORS }: typeof Errors): Pick<typeof Errors, "ERRORS"> {
  // In place: the class `ClassifierError` of that module reads the very table.
  Object.assign(ERRORS.FETCH_FAILED, { retryable: false });
  return { ERRORS };
}
