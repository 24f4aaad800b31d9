import { ClassifierError } from "../errors.ts";

/** Lends things that are used by one piece of work at a time, such as buffers. */
export interface Leases<Item> {
  /**
   * Runs `work` with an item that nobody else has. The item comes back when `work` settles, never before: a native call
   * that outlives its invocation keeps what it writes to.
   *
   * @param signal ends the wait for an item. When it aborts while `work` runs, the next in line get a new item instead
   *   of waiting for work that nobody waits for any more.
   * @throws {ClassifierError} `DEADLINE_NEAR` when `signal` aborts before there is an item; besides, what `work` throws
   */
  lend<Result>(work: (item: Item) => Promise<Result>, signal: AbortSignal): Promise<Result>;
  /** Pieces of work that go on although their signal has aborted. */
  readonly overdue: number;
}

/**
 * Makes `count` items at once. As many more are made, one by one, in place of those that overdue work keeps, and dropped
 * when that work settles; beyond that, everybody waits.
 */
export function createLeases<Item>(count: number, create: () => Item): Leases<Item> {
  const free = Array.from({ length: count }, create);
  const waiting: ((item: Item) => void)[] = [];
  let overdue = 0;

  function offer(item: Item): void {
    const next = waiting.shift();
    if (next === undefined) free.push(item);
    else next(item);
  }

  async function take(signal: AbortSignal): Promise<Item> {
    if (signal.aborted) throw noItem();
    const item = free.pop();
    if (item !== undefined) return item;
    return new Promise<Item>((resolve, reject) => {
      const receive = (given: Item) => {
        signal.removeEventListener("abort", giveUp);
        resolve(given);
      };
      const giveUp = () => {
        waiting.splice(waiting.indexOf(receive), 1);
        reject(noItem());
      };
      waiting.push(receive);
      signal.addEventListener("abort", giveUp, { once: true });
    });
  }

  return {
    async lend(work, signal) {
      const item = await take(signal);
      let isOverdue = false;
      let isReplaced = false;
      const expire = () => {
        isOverdue = true;
        isReplaced = ++overdue <= count;
        if (isReplaced) offer(create());
      };
      signal.addEventListener("abort", expire, { once: true });
      try {
        return await work(item);
      } finally {
        signal.removeEventListener("abort", expire);
        if (isOverdue) overdue--;
        if (!isReplaced) offer(item);
      }
    },
    get overdue() {
      return overdue;
    },
  };
}

function noItem(): ClassifierError {
  return new ClassifierError("DEADLINE_NEAR", "other images kept the buffers until the deadline");
}
