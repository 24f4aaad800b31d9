import type { Row } from "./model.ts";

/** The rows that somebody picked, by their keys; what is gone from the list is picked no more. */
export class Selection {
  readonly #keys = new Set<string>();
  readonly #onChange: () => void;
  /** Where a range begins. */
  #anchor: string | undefined;

  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  get size(): number {
    return this.#keys.size;
  }

  has(key: string): boolean {
    return this.#keys.has(key);
  }

  toggle(key: string): void {
    if (!this.#keys.delete(key)) this.#keys.add(key);
    this.#anchor = key;
    this.#onChange();
  }

  /** From the row that was picked last to this one, as they stand in the list. */
  extendTo(key: string, rows: readonly Row[]): void {
    const to = rows.findIndex((row) => row.key === key);
    const from = rows.findIndex((row) => row.key === this.#anchor);
    if (to < 0) return;
    if (from < 0) {
      this.toggle(key);
      return;
    }
    for (const row of rows.slice(Math.min(from, to), Math.max(from, to) + 1)) this.#keys.add(row.key);
    this.#onChange();
  }

  all(rows: readonly Row[]): void {
    for (const { key } of rows) this.#keys.add(key);
    this.#onChange();
  }

  clear(): void {
    this.#anchor = undefined;
    if (this.#keys.size === 0) return;
    this.#keys.clear();
    this.#onChange();
  }

  /** The picked ones of these rows; the others are forgotten. */
  of(rows: readonly Row[]): Row[] {
    if (this.#keys.size === 0) return [];
    const picked = rows.filter(({ key }) => this.#keys.has(key));
    if (picked.length < this.#keys.size) {
      const there = new Set(picked.map(({ key }) => key));
      for (const key of this.#keys) if (!there.has(key)) this.#keys.delete(key);
    }
    return picked;
  }
}
