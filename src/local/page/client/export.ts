import { csvRecord } from "../../csv.ts";
import { h } from "./dom.ts";
import type { Row } from "./model.ts";
import { totalMs } from "./stage-bar.ts";

const COLUMNS = ["key", "status", "label", "score", "code", "model", "ms", "corrected"] as const;

/** The rows as comma-separated values, the first line the names of the columns. */
export function toCsv(rows: readonly Row[]): string {
  const records = rows.map((row) => {
    const values = fieldsOf(row);
    return csvRecord(COLUMNS.map((column) => values[column]));
  });
  return csvRecord(COLUMNS) + records.join("");
}

export function toJsonLines(rows: readonly Row[]): string {
  return rows.map((row) => `${JSON.stringify(fieldsOf(row))}\n`).join("");
}

/** Hands a text to the browser as a download. */
export function saveText(name: string, type: string, text: string): void {
  const href = URL.createObjectURL(new Blob([text], { type }));
  h("a", { href, download: name }).click();
  // The download has its own hold on the text once it has begun.
  setTimeout(() => URL.revokeObjectURL(href), 10_000);
}

function fieldsOf({
  key,
  status,
  picture,
}: Row): Readonly<Partial<Record<(typeof COLUMNS)[number], string | number>>> {
  const { label, score, code, model, timingsMs, corrected } = picture ?? {};
  return {
    key,
    status,
    ...(label !== undefined && { label }),
    ...(score !== undefined && { score }),
    ...(code !== undefined && { code }),
    ...(model !== undefined && { model }),
    ...(timingsMs !== undefined && { ms: Number(totalMs(timingsMs).toFixed(1)) }),
    ...(corrected !== undefined && { corrected }),
  };
}
