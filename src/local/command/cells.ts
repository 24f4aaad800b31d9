import stringWidth from "string-width";

const GRAPHEMES = new Intl.Segmenter("en", { granularity: "grapheme" });
/** Line and paragraph separators, and the marks that turn the direction of what follows, such as U+202E. */
const STEERING = /[\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** File names and messages come from outside: what would steer the terminal is shown as a question mark. */
export function printable(text: string): string {
  return text
    .replaceAll(/\p{Cc}+/gu, (control) => (/^\s+$/.test(control) ? " " : "?"))
    .replaceAll(STEERING, "?");
}

/** Cells of a terminal: two for a wide character, none for a combining one. */
export function cellsOf(text: string): number {
  return stringWidth(text);
}

export function padCells(text: string, cells: number): string {
  return text + " ".repeat(Math.max(0, cells - cellsOf(text)));
}

/** Cut in the middle, where names differ least, when it is longer than `cells`. */
export function cutMiddle(text: string, cells: number): string {
  if (cellsOf(text) <= cells) return text;
  const graphemes = [...GRAPHEMES.segment(text)].map(({ segment }) => segment);
  const head = take(graphemes, Math.ceil((cells - 1) / 2));
  const tail = take(graphemes.toReversed(), cells - 1 - cellsOf(head.join("")));
  return `${head.join("")}…${tail.toReversed().join("")}`;
}

/** Cut at the end when it is longer than `cells`. */
export function cutEnd(text: string, cells: number): string {
  if (cellsOf(text) <= cells) return text;
  if (cells < 1) return "";
  return `${take(
    [...GRAPHEMES.segment(text)].map(({ segment }) => segment),
    cells - 1,
  ).join("")}…`;
}

function take(graphemes: readonly string[], cells: number): string[] {
  const taken: string[] = [];
  let used = 0;
  for (const grapheme of graphemes) {
    used += cellsOf(grapheme);
    if (used > cells) break;
    taken.push(grapheme);
  }
  return taken;
}
