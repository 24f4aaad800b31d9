import { styleText } from "node:util";
import { cellsOf, cutEnd, cutMiddle, padCells, printable } from "./cells.ts";
import type { PictureOutcome, ResultDocument } from "./result.ts";

const BAR_CELLS = 12;
const PERCENT_CELLS = 6;
const GAP = "  ";
const MIN_NAME_CELLS = 12;
const MAX_NAME_CELLS = 40;
/** The first column of a run that does not know the names beforehand. */
const UNKNOWN_NAME_CELLS = 28;
const LABEL_CELLS = 18;

type Style = Parameters<typeof styleText>[0];

/** Lines for a person: aligned columns; colours only on a terminal that wants them (NO_COLOR is respected). */
export interface Renderer {
  outcome(outcome: PictureOutcome): string;
  dim(text: string): string;
  bold(text: string): string;
  problem(text: string): string;
}

/**
 * On a terminal a line is never wider than it, at any time; elsewhere nothing is cut, so that `grep` finds it.
 *
 * @param names what the first column has to hold, where that is known before
 */
export function createRenderer(stream: NodeJS.WriteStream, names: readonly string[] = []): Renderer {
  const style = (format: Style, text: string): string => styleText(format, text, { stream });
  const widest = Math.max(MIN_NAME_CELLS, ...names.map((name) => cellsOf(printable(name))));
  const wanted = Math.min(names.length === 0 ? UNKNOWN_NAME_CELLS : widest, MAX_NAME_CELLS);

  function line(outcome: PictureOutcome): string {
    const columns = stream.isTTY ? stream.columns || 80 : Number.POSITIVE_INFINITY;
    const nameCells = Math.min(wanted, Math.max(MIN_NAME_CELLS, Math.floor(columns * 0.4)));
    const labelCells = Math.min(LABEL_CELLS, Math.max(8, Math.floor(columns * 0.24)));
    const column = (text: string, cells: number): string => {
      const clean = printable(text);
      return padCells(stream.isTTY ? cutMiddle(clean, cells) : clean, cells);
    };
    const head = column(outcome.name, nameCells);
    let left = columns - nameCells - GAP.length - labelCells;
    const fits = (text: string): boolean => {
      const cells = GAP.length + cellsOf(text);
      if (text === "" || cells > left) return false;
      left -= cells;
      return true;
    };
    if (!("failure" in outcome)) {
      const { document } = outcome;
      const [best] = document.predictions ?? [];
      if (document.status === "classified" && best !== undefined) {
        const percent = `${(100 * best.score).toFixed(1)}%`.padStart(PERCENT_CELLS);
        const isUnknown = document.unknown?.isUnknown === true;
        const parts = [head, style("bold", column(isUnknown ? "unknown" : best.label, labelCells))];
        if (fits(percent)) parts.push(isUnknown ? " ".repeat(PERCENT_CELLS) : percent);
        // The score is only among labels, and says nothing of others: no bar.
        const nearest = isUnknown ? [printable(`nearest: ${best.label} ${percent.trim()}`)] : [];
        for (const said of [...nearest, ...headsOf(document)]) if (fits(said)) parts.push(said);
        if (!isUnknown && fits("█".repeat(BAR_CELLS))) parts.push(style("green", bar(best.score)));
        const times = [stages(document), total(document)].find(fits);
        if (times !== undefined) parts.push(style("dim", times));
        return parts.join(GAP);
      }
    }
    const [colour, title, text] = describeProblem(outcome);
    const rest = cutEnd(printable(text), left - GAP.length);
    return [head, style(colour, column(title, labelCells)), rest].join(GAP);
  }

  return {
    outcome: (outcome) => line(outcome).trimEnd(),
    dim: (text) => style("dim", text),
    bold: (text) => style("bold", text),
    problem: (text) => style("red", printable(text)),
  };
}

/** `upload-triage: photo 97.2%` */
function headsOf({ heads = [] }: ResultDocument): string[] {
  return heads.flatMap(({ name, predictions: [first] }) =>
    first === undefined ? [] : [printable(`${name}: ${first.label} ${(100 * first.score).toFixed(1)}%`)],
  );
}

function describeProblem(outcome: PictureOutcome): readonly ["red" | "yellow", string, string] {
  if ("failure" in outcome) return ["red", "failed", outcome.failure];
  const { status, error } = outcome.document;
  return ["yellow", error?.code ?? status, error?.message ?? ""];
}

/** `3 pictures in 1.2 s: 2 classified, 1 rejected` */
export function summarize(outcomes: readonly PictureOutcome[], seconds: number): string {
  const count = { classified: 0, rejected: 0, failed: 0 };
  for (const outcome of outcomes) count["failure" in outcome ? "failed" : outcome.document.status] += 1;
  const parts = Object.entries(count).filter(([, number]) => number > 0);
  const total = `${outcomes.length} ${outcomes.length === 1 ? "picture" : "pictures"} in ${seconds.toFixed(1)} s`;
  return `${total}: ${parts.map(([name, number]) => `${number} ${name}`).join(", ") || "nothing classified"}`;
}

/** `fetch 3 · decode 5.1 · normalize 0.2 · infer 2.3 ms` */
function stages({ timingsMs = {} }: ResultDocument): string {
  const parts = Object.entries(timingsMs).map(([stage, ms]) => `${stage} ${round(ms)}`);
  return parts.length === 0 ? "" : `${parts.join(" · ")} ms`;
}

/** `11 ms`, all stages together, where the terminal has no room for each */
function total({ timingsMs = {} }: ResultDocument): string {
  const times = Object.values(timingsMs);
  return times.length === 0 ? "" : `${round(times.reduce((sum, ms) => sum + ms, 0))} ms`;
}

function round(ms: number): string {
  return ms < 10 ? ms.toFixed(1) : ms.toFixed(0);
}

/** @param score 0 to 1; eighths of a cell are drawn */
function bar(score: number): string {
  const eighths = Math.round(Math.min(1, Math.max(0, score)) * BAR_CELLS * 8);
  const partial = eighths % 8 === 0 ? "" : (" ▏▎▍▌▋▊▉"[eighths % 8] ?? "");
  return ("█".repeat(Math.floor(eighths / 8)) + partial).padEnd(BAR_CELLS);
}
