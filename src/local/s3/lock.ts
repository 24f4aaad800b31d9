/** Runs work on one name after the other, and work on different names side by side. */
export type KeyedLock = <T>(name: string, work: () => Promise<T>) => Promise<T>;

/** A lock whose memory is that of the names in use. */
export function createKeyedLock(): KeyedLock {
  const tails = new Map<string, Promise<unknown>>();
  return async (name, work) => {
    const before = tails.get(name);
    const turn = before === undefined ? work() : before.then(work, work);
    // The tail never rejects on its own account: the caller of `turn` sees the error.
    const tail = turn.catch(() => undefined);
    tails.set(name, tail);
    try {
      return await turn;
    } finally {
      if (tails.get(name) === tail) tails.delete(name);
    }
  };
}
