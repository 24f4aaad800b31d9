import { textTable } from "../text-table.ts";
import type { Accuracy } from "./accuracy.ts";

/** Up to so many classes a full table can be read on a terminal; beyond, only the worst are shown. */
export const MAX_TABLE_CLASSES = 20;
const WORST_SHOWN = 15;

export interface UnreadablePicture {
  readonly file: string;
  readonly code: string;
}

/**
 * What `evaluate` prints for people: the totals, then the whole confusion table, or with many classes the worst
 * of it, then what could not be read.
 *
 * @param labels the labels to show, in the order of the table
 */
export function renderReport(
  accuracy: Accuracy,
  labels: readonly string[],
  unreadable: readonly UnreadablePicture[],
): string {
  const { count, top1, topK, k, macroRecall, calibrationError } = accuracy;
  const summary = textTable([
    ["pictures", `${count}`],
    ["top-1", `${percent(top1)} (${Math.round(top1 * count)} of ${count})`],
    [`top-${k}`, `${percent(topK)} (${Math.round(topK * count)} of ${count})`],
    ["mean recall of the classes", percent(macroRecall)],
    ["expected calibration error", calibrationError.toFixed(4)],
  ]);
  const details =
    labels.length <= MAX_TABLE_CLASSES ? [confusionTable(accuracy, labels)] : worstTables(accuracy);
  return [summary, ...details, ...unreadableLines(unreadable)].join("\n\n");
}

function confusionTable({ classes, confusions }: Accuracy, labels: readonly string[]): string {
  const counts = new Map(confusions.map(({ label, predicted, count }) => [`${label}\t${predicted}`, count]));
  const rows = labels.flatMap((label) => {
    const row = classes.find((entry) => entry.label === label);
    if (row === undefined) return [];
    return [
      [label, ...labels.map((predicted) => counts.get(`${label}\t${predicted}`) ?? 0), percent(row.recall)],
    ];
  });
  return textTable([["true ↓ predicted →", ...labels, "recall"], ...rows]);
}

function worstTables({ classes, confusions }: Accuracy): string[] {
  const poor = classes.filter(({ recall }) => recall < 1).sort((a, b) => a.recall - b.recall);
  const wrong = confusions.filter(({ label, predicted }) => label !== predicted);
  const recalls = poor.slice(0, WORST_SHOWN).map(({ label, correct, count }) => [label, correct, count]);
  const confused = wrong
    .slice(0, WORST_SHOWN)
    .map(({ label, predicted, count }) => [label, predicted, count]);
  return [
    `${textTable([["lowest recall", "right", "pictures"], ...recalls])}${more(poor.length)}`,
    `${textTable([["worst confusions", "taken for", "pictures"], ...confused])}${more(wrong.length)}`,
  ];
}

function unreadableLines(unreadable: readonly UnreadablePicture[]): string[] {
  if (unreadable.length === 0) return [];
  const byCode = Object.entries(Object.groupBy(unreadable, ({ code }) => code));
  const lines = byCode.map(([code, pictures = []]) => {
    const files = pictures.slice(0, WORST_SHOWN).map(({ file }) => `\n  ${file}`);
    return `${code}: ${pictures.length}${files.join("")}${more(pictures.length)}`;
  });
  const were =
    unreadable.length === 1
      ? "1 picture could not be read and is"
      : `${unreadable.length} pictures could not be read and are`;
  return [`${were} not counted above:\n${lines.join("\n")}`];
}

function more(count: number): string {
  return count > WORST_SHOWN ? `\n… and ${count - WORST_SHOWN} more (all with --json)` : "";
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)}%`;
}
