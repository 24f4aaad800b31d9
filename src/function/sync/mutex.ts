/** Runs pieces of asynchronous work one after the other, in the order they were asked for. */
export type Lane = <Result>(work: () => Promise<Result>) => Promise<Result>;

/** A lane of its own: one failed piece of work does not stop those behind it. */
export function createLane(): Lane {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const result = last.then(work);
    last = result.catch(() => {});
    return result;
  };
}
