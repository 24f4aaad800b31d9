import { styleText } from "node:util";
import type { PictureOutcome, ResultDocument } from "./result.ts";

const BAR_CELLS = 12;
const MIN_NAME_CELLS = 12;
const MAX_NAME_CELLS = 40;
const LABEL_CELLS = 18;

type Style = Parameters<typeof styleText>[0];

/** Lines for a person: aligned columns; colours only on a terminal that wants them (NO_COLOR is respected). */
export interface Renderer {
  outcome(outcome: PictureOutcome): string;
  dim(text: string): string;
  bold(text: string): string;
  problem(text: string): string;
}

/** @param names what the first column has to hold, where that is known before */
export function createRenderer(stream: NodeJS.WriteStream, names: readonly string[] = []): Renderer {
  const style = (format: Style, text: string): string => styleText(format, text, { stream });
  const widest = Math.max(MIN_NAME_CELLS, ...names.map((name) => printable(name).length));
  const nameCells = Math.min(names.length === 0 ? 28 : widest, MAX_NAME_CELLS);

  function describe(outcome: PictureOutcome): string {
    if ("failure" in outcome)
      return `${style("red", pad("failed", LABEL_CELLS))}  ${printable(outcome.failure)}`;
    const { document } = outcome;
    const [best] = document.predictions ?? [];
    if (document.status === "classified" && best !== undefined) {
      const percent = `${(100 * best.score).toFixed(1)}%`.padStart(6);
      const label = style("bold", pad(best.label, LABEL_CELLS));
      return `${label}  ${percent}  ${style("green", bar(best.score))}  ${style("dim", stages(document))}`;
    }
    const { code = document.status, message = "" } = document.error ?? {};
    return `${style("yellow", pad(code, LABEL_CELLS))}  ${printable(message)}`;
  }

  return {
    outcome: (outcome) => `${pad(outcome.name, nameCells)}  ${describe(outcome)}`.trimEnd(),
    dim: (text) => style("dim", text),
    bold: (text) => style("bold", text),
    problem: (text) => style("red", printable(text)),
  };
}

/** `3 pictures in 1.2 s: 2 classified, 1 rejected` */
export function summarize(outcomes: readonly PictureOutcome[], seconds: number): string {
  const count = { classified: 0, rejected: 0, failed: 0 };
  for (const outcome of outcomes) count["failure" in outcome ? "failed" : outcome.document.status] += 1;
  const parts = Object.entries(count).filter(([, number]) => number > 0);
  const total = `${outcomes.length} ${outcomes.length === 1 ? "picture" : "pictures"} in ${seconds.toFixed(1)} s`;
  return `${total}: ${parts.map(([name, number]) => `${number} ${name}`).join(", ") || "nothing to classify"}`;
}

/** `fetch 3 · decode 5.1 · normalize 0.2 · infer 2.3 ms` */
function stages({ timingsMs = {} }: ResultDocument): string {
  const parts = Object.entries(timingsMs).map(
    ([stage, ms]) => `${stage} ${ms < 10 ? ms.toFixed(1) : ms.toFixed(0)}`,
  );
  return parts.length === 0 ? "" : `${parts.join(" · ")} ms`;
}

/** @param score 0 to 1; eighths of a cell are drawn */
function bar(score: number): string {
  const eighths = Math.round(Math.min(1, Math.max(0, score)) * BAR_CELLS * 8);
  const partial = eighths % 8 === 0 ? "" : (" ▏▎▍▌▋▊▉"[eighths % 8] ?? "");
  return ("█".repeat(Math.floor(eighths / 8)) + partial).padEnd(BAR_CELLS);
}

/** Cut in the middle, where names differ least, when it is too long. */
function pad(text: string, cells: number): string {
  const clean = printable(text);
  if (clean.length <= cells) return clean.padEnd(cells);
  const head = Math.ceil((cells - 1) / 2);
  return `${clean.slice(0, head)}…${clean.slice(clean.length - (cells - 1 - head))}`;
}

/** File names and messages come from outside: what would steer the terminal is shown as a question mark. */
function printable(text: string): string {
  return text.replaceAll(/\p{Cc}+/gu, (control) => (/^\s+$/.test(control) ? " " : "?"));
}
