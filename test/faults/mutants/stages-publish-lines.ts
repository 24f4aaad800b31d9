import type * as Lines from "../../../src/function/stages/publish/lines.ts";

type Mutant = Pick<typeof Lines, "linesPublisher">;

/** Lines that S3 refuses count as written. */
export function believeEveryFlush({ linesPublisher }: typeof Lines): Mutant {
  return {
    linesPublisher(...args) {
      const publisher = linesPublisher(...args);
      return { ...publisher, flush: (signal) => publisher.flush(signal).catch(() => {}) };
    },
  };
}
