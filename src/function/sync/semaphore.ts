import { ClassifierError } from "../errors.ts";

/**
 * Runs work of such a weight as soon as there is room for it; the room is free again when the work has settled.
 *
 * @param weight in the semaphore's unit; work that weighs more than the whole capacity runs alone
 * @param signal ends the wait, not the work
 * @throws {ClassifierError} `DEADLINE_NEAR` when `signal` aborts before there is room; besides, what `work` throws
 */
export interface Semaphore {
  <Result>(weight: number, work: () => Promise<Result>, signal: AbortSignal): Promise<Result>;
  /**
   * Whether work waited in vain until two deadlines, and nothing came out meanwhile: what is inside outlived a whole
   * invocation after its own.
   */
  readonly isStarved: boolean;
}

interface Waiting {
  readonly weight: number;
  readonly admit: () => void;
}

/**
 * A weighted semaphore.
 *
 * The longest waiting is asked first; one that fits overtakes one that does not, so that small work goes on beside large
 * work. The large one's turn comes at the latest when nothing else is inside.
 *
 * @param capacity what all work inside may weigh together
 * @param unit     of the weights, for the message of a wait that ended
 */
export function createSemaphore(capacity: number, unit: string): Semaphore {
  let inside = 0;
  const waiting: Waiting[] = [];
  /** Deadlines that ended a wait since something last came out. */
  const missed = new Set<AbortSignal>();
  const hasRoom = (weight: number) => inside === 0 || inside + weight <= capacity;

  function leave(weight: number): void {
    inside -= weight;
    missed.clear();
    for (const next of [...waiting]) {
      if (!hasRoom(next.weight)) continue;
      waiting.splice(waiting.indexOf(next), 1);
      inside += next.weight;
      next.admit();
    }
  }

  async function enter(weight: number, signal: AbortSignal): Promise<void> {
    const noRoom = () =>
      new ClassifierError("DEADLINE_NEAR", `${weight} more ${unit} found no room before the deadline`);
    if (signal.aborted) throw noRoom();
    if (hasRoom(weight)) {
      inside += weight;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const giveUp = () => {
        waiting.splice(waiting.indexOf(entry), 1);
        missed.add(signal);
        reject(noRoom());
      };
      const admit = () => {
        signal.removeEventListener("abort", giveUp);
        resolve();
      };
      const entry = { weight, admit };
      waiting.push(entry);
      signal.addEventListener("abort", giveUp, { once: true });
    });
  }

  const run = async <Result>(weight: number, work: () => Promise<Result>, signal: AbortSignal) => {
    await enter(weight, signal);
    try {
      return await work();
    } finally {
      leave(weight);
    }
  };
  return Object.defineProperty(run, "isStarved", { get: () => missed.size > 1 }) as unknown as Semaphore;
}
