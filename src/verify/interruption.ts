/** What is under way when an end is asked for gets so long to leave its result, so that it can be removed. */
const GRACE_MS = 10_000;

/** An end that was asked for: nothing new is begun, and what is waited for is waited for no longer than {@link GRACE_MS}. */
export class Interruption {
  #endsAt = Number.POSITIVE_INFINITY;

  request(graceMs = GRACE_MS): void {
    this.#endsAt = Math.min(this.#endsAt, performance.now() + graceMs);
  }

  get isRequested(): boolean {
    return this.#endsAt < Number.POSITIVE_INFINITY;
  }

  /** Whether a wait until `end` (of `performance.now()`) is over. */
  isOver(end: number): boolean {
    return performance.now() >= Math.min(end, this.#endsAt);
  }

  /** @throws {Interrupted} when an end was asked for */
  check(): void {
    if (this.isRequested) throw new Interrupted("Interrupted; what was uploaded is removed.");
  }
}

export class Interrupted extends Error {
  override readonly name = "Interrupted";
}
