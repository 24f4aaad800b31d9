import type * as Triggers from "../../../src/function/triggers/trigger.ts";

type Mutant = Pick<typeof Triggers, "isToRepeat">;

/** What cannot be read is deleted. */
export function forgetUnreadable(_: typeof Triggers): Mutant {
  return {
    isToRepeat: (outcome): outcome is Extract<typeof outcome, { status: "failed" }> =>
      outcome.status === "failed",
  };
}
