import type { Row } from "./model.ts";
import { totalMs } from "./stage-bar.ts";

/** What the list is sorted by; rows without the value stand at the end, newest first. */
export const ORDERS = {
  newest: "Newest first",
  unsure: "Lowest score first",
  sure: "Highest score first",
  slow: "Slowest first",
  label: "By label",
} as const;
export type Order = keyof typeof ORDERS;

export function isOrder(text: string): text is Order {
  return Object.hasOwn(ORDERS, text);
}

/** @param rows newest first */
export function sortRows(rows: Row[], order: Order): Row[] {
  switch (order) {
    case "newest":
      return rows;
    case "unsure":
      return sortBy(rows, ({ picture }) => picture?.score);
    case "sure":
      return sortBy(rows, ({ picture }) => (picture?.score === undefined ? undefined : -picture.score));
    case "slow":
      return sortBy(rows, ({ picture }) =>
        picture?.timingsMs === undefined ? undefined : -totalMs(picture.timingsMs),
      );
    case "label":
      return rows.sort((a, b) => compareText(a.picture?.label, b.picture?.label));
  }
}

function sortBy(rows: Row[], measure: (row: Row) => number | undefined): Row[] {
  return rows.sort(
    (a, b) => (measure(a) ?? Number.POSITIVE_INFINITY) - (measure(b) ?? Number.POSITIVE_INFINITY) || 0,
  );
}

function compareText(a: string | undefined, b: string | undefined): number {
  if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined);
  return a < b ? -1 : Number(a > b);
}
