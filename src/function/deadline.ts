import { ClassifierError } from "./errors.ts";

/** The end of an invocation, as far as work on images is concerned. */
export interface Deadline {
  /** Time until `signal` aborts. Not above 0 when it has. */
  remainingMs(): number;
  /** Aborts in time for what was done to be answered. */
  readonly signal: AbortSignal;
  /**
   * Waits for `work`, but no longer than until the deadline: a native call cannot be cancelled, only left alone.
   *
   * @param graceMs time after `signal`, for work that heeds it to say how it ended
   * @throws {ClassifierError} `DEADLINE_NEAR` when the time is over first; besides, what `work` throws
   */
  bound<Result>(work: Promise<Result>, graceMs?: number): Promise<Result>;
  /** One that is so much earlier, for what must be done after the images. */
  before(reserveMs: number): Deadline;
}

/** What is kept of an invocation's time for cancelling, writing the metrics and answering. */
const ANSWER_MS = 500;

/** Lambda's longest timeout: a clock that was set back must not promise more, and timers hold no more than 24 days. */
const MAX_INVOCATION_MS = 900_000;

/** @param invocationRemainingMs Lambda's `context.getRemainingTimeInMillis()` */
export function createDeadline(invocationRemainingMs: number): Deadline {
  return createDeadlineIn(Math.min(invocationRemainingMs, MAX_INVOCATION_MS) - ANSWER_MS);
}

function createDeadlineIn(givenMs: number): Deadline {
  const budgetMs = Math.max(0, Math.floor(givenMs));
  const endsAt = performance.now() + budgetMs;
  const remainingMs = () => endsAt - performance.now();
  return {
    remainingMs,
    signal: AbortSignal.timeout(budgetMs),
    bound(work, graceMs = 0) {
      const { promise: over, reject } = Promise.withResolvers<never>();
      const message = "the invocation's time ran out before the image was done";
      const giveUp = () => reject(new ClassifierError("DEADLINE_NEAR", message));
      const timer = setTimeout(giveUp, Math.max(0, remainingMs()) + graceMs);
      return Promise.race([work, over]).finally(() => clearTimeout(timer));
    },
    before: (reserveMs) => createDeadlineIn(remainingMs() - reserveMs),
  };
}

/** For work outside an invocation, such as an evaluation: there is always time. */
export const NO_DEADLINE: Deadline = {
  remainingMs: () => Number.POSITIVE_INFINITY,
  signal: new AbortController().signal,
  bound: (work) => work,
  before: () => NO_DEADLINE,
};
