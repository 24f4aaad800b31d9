import Table from "cli-table3";

const MAX_CELL_WIDTH = 44;

/** Only the frame and the column lines: a line under every row would double the height. */
const CHARS = { mid: "", "left-mid": "", "mid-mid": "", "right-mid": "" };

/** A table for the terminal: the first row is the head, numbers are set to the right, long texts cut with `…`. */
export function textTable(rows: readonly (readonly (string | number)[])[]): string {
  const table = new Table({ style: { head: [], border: [] }, chars: CHARS });
  for (const row of rows) {
    table.push(
      row.map((cell) =>
        typeof cell === "number"
          ? { content: String(cell), hAlign: "right" as const }
          : { content: cell.length > MAX_CELL_WIDTH ? `${cell.slice(0, MAX_CELL_WIDTH - 1)}…` : cell },
      ),
    );
  }
  return table.toString();
}
