import type * as Batch from "../../../src/function/batch.ts";

type Mutant = Pick<typeof Batch, "classifyBatch">;

/** What was not finished is not spoken of. */
export function forgetUnfinished({ classifyBatch }: typeof Batch): Mutant {
  return {
    async classifyBatch(...args) {
      const done = await classifyBatch(...args);
      return done.map((entry) =>
        entry.outcome.status === "failed" && entry.outcome.error.code === "DEADLINE_NEAR"
          ? { ...entry, outcome: { status: "superseded", ref: entry.outcome.ref } }
          : entry,
      );
    },
  };
}
