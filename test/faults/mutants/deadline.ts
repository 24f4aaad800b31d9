import type * as Deadlines from "../../../src/function/deadline.ts";

type Mutant = Pick<typeof Deadlines, "createDeadline">;

/** There is always time, and nobody waits with an end in mind. */
export function neverEnd({ NO_DEADLINE }: typeof Deadlines): Mutant {
  return { createDeadline: () => NO_DEADLINE };
}
