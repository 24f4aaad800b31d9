import { basename } from "node:path";
import { comparePairs, type Pair, type Said } from "../compare.ts";
import { csvRecord } from "../csv.ts";
import type { LocalStack } from "../stack.ts";
import { cellsOf, cutMiddle, padCells, printable } from "./cells.ts";
import { classifyFiles } from "./classify.ts";
import type { ImageFile } from "./pictures.ts";
import type { Renderer } from "./render.ts";
import type { PictureOutcome } from "./result.ts";
import { startFunction } from "./start-function.ts";

/** Labels of a table that fits a terminal; of more, the pairs that are confused most are listed. */
const MAX_TABLE_LABELS = 8;
const MAX_PAIRS = 20;
const LABEL_CELLS = 11;

export interface FileComparison {
  readonly pairs: readonly Pair[];
  /** Outcomes of the files that one of the models did not classify. */
  readonly others: readonly PictureOutcome[];
}

/** Classifies the files with the stack's model, A, and then with another one, B. */
export async function compareFiles(
  stack: LocalStack,
  files: readonly ImageFile[],
  modelDirB: string,
  prefix: string,
  onDone: (done: number) => void,
): Promise<FileComparison> {
  const ofA = await classifyFiles(stack, files, `${prefix}-a`, (_, done) => onDone(done));
  stack.setModel(modelDirB);
  await startFunction(stack);
  const ofB = await classifyFiles(stack, files, `${prefix}-b`, (_, done) => onDone(files.length + done));
  const pairs: Pair[] = [];
  const others: PictureOutcome[] = [];
  for (const [index, outcome] of ofA.entries()) {
    const other = ofB[index];
    const [a, b] = [said(outcome), other && said(other)];
    if (a !== undefined && b !== undefined) pairs.push({ key: outcome.name, a, b });
    else others.push(a === undefined || other === undefined ? outcome : other);
  }
  return { pairs, others };
}

function said(outcome: PictureOutcome): Said | undefined {
  if ("failure" in outcome) return undefined;
  const [best] = outcome.document.predictions ?? [];
  const { fetch: _, ...times } = outcome.document.timingsMs ?? {};
  return best && { ...best, ms: Object.values(times).reduce((sum, ms) => sum + ms, 0) };
}

export function comparisonCsv(pairs: readonly Pair[]): string {
  const header = csvRecord(["file", "label_a", "score_a", "ms_a", "label_b", "score_b", "ms_b"]);
  const side = ({ label, score, ms }: Said) => [label, score, ms.toFixed(1)];
  return header + pairs.map(({ key, a, b }) => csvRecord([key, ...side(a), ...side(b)])).join("");
}

/** What somebody reads: agreement, table, disagreements. No line is wider than `columns`. */
export function describeFileComparison(
  pairs: readonly Pair[],
  models: { readonly a: string; readonly b: string },
  columns: number,
  render: Renderer,
): string[] {
  const { total, agreeing, disagreements, labels, confusion, scoreShift, ms } = comparePairs(pairs);
  const name = (dir: string) => printable(basename(dir));
  const head = `A ${name(models.a)}, B ${name(models.b)}`;
  if (total === 0) return [head, "No image was classified by both."];
  const shift = scoreShift === undefined ? "" : `, score ${signed(100 * scoreShift)} points where they agree`;
  const lines = [
    render.bold(head),
    `They agree on ${agreeing} of ${total}${shift}`,
    `B takes ${(ms.b / ms.a).toFixed(2)} of A's time: ${ms.b.toFixed(1)} beside ${ms.a.toFixed(1)} ms`,
    render.dim("(medians, from decode to rank)"),
    "",
  ];
  if (labels.length <= MAX_TABLE_LABELS && (labels.length + 1) * (LABEL_CELLS + 1) <= columns) {
    const row = (cells: readonly string[]) =>
      cells
        .map((cell) => cut(cell, LABEL_CELLS))
        .join(" ")
        .trimEnd();
    lines.push(render.dim(row(["A \\ B", ...labels])));
    for (const [index, label] of labels.entries())
      lines.push(
        row([label, ...(confusion[index] ?? []).map((count) => (count === 0 ? "·" : String(count)))]),
      );
  } else {
    const confused = labels
      .flatMap((a, from) => labels.map((b, to) => ({ a, b, count: confusion[from]?.[to] ?? 0 })))
      .filter(({ a, b, count }) => a !== b && count > 0)
      .sort((one, other) => other.count - one.count)
      .slice(0, MAX_PAIRS);
    for (const { a, b, count } of confused)
      lines.push(fit(`${String(count).padStart(5)}  ${a} → ${b}`, columns));
  }
  if (disagreements.length === 0) return lines;
  const nameCells = Math.max(12, Math.min(40, columns - 2 * (LABEL_CELLS + 9)));
  const title = cut(`They disagree on ${disagreements.length}:`, nameCells);
  lines.push("", render.dim(`${title}  ${padCells("by A", LABEL_CELLS + 7)}  by B`));
  for (const { key, a, b } of disagreements) {
    const side = ({ label, score }: Said) =>
      `${cut(label, LABEL_CELLS)} ${(100 * score).toFixed(1).padStart(5)}%`;
    lines.push(`${cut(key, nameCells)}  ${side(a)}  ${side(b)}`);
  }
  return lines;
}

function cut(text: string, cells: number): string {
  return padCells(cutMiddle(printable(text), cells), cells);
}

function fit(text: string, columns: number): string {
  return cellsOf(text) <= columns ? text : cutMiddle(text, columns);
}

function signed(points: number): string {
  return `${points < 0 ? "−" : "+"}${Math.abs(points).toFixed(1)}`;
}
