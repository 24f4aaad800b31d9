/** The end of an invocation, as far as work on pictures is concerned. */
export interface Deadline {
  /** Time until `signal` aborts. Not above 0 when it has. */
  remainingMs(): number;
  /** Aborts in time for what was done to be answered. */
  readonly signal: AbortSignal;
}

/** What is kept of an invocation's time for cancelling, writing the metrics and answering. */
const ANSWER_MS = 500;

/** @param invocationRemainingMs Lambda's `context.getRemainingTimeInMillis()` */
export function createDeadline(invocationRemainingMs: number): Deadline {
  const budgetMs = Math.max(0, Math.floor(invocationRemainingMs - ANSWER_MS));
  const endsAt = performance.now() + budgetMs;
  return { remainingMs: () => endsAt - performance.now(), signal: AbortSignal.timeout(budgetMs) };
}
