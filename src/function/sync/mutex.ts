/** Runs pieces of asynchronous work one after the other, in the order they were asked for. */
export type Mutex = <Result>(work: () => Promise<Result>) => Promise<Result>;

/** A mutex of its own: one failed piece of work does not stop those behind it. */
export function createMutex(): Mutex {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const result = last.then(work);
    last = result.catch(() => {});
    return result;
  };
}
