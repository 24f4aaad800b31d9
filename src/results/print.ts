import type { Result } from "../function/result.ts";
import { printable } from "../local/command/cells.ts";
import { csvRecord } from "../local/csv.ts";
import { textTable } from "../models/text-table.ts";
import { bestOf, type Count } from "./filter.ts";

const COLUMNS = [
  "classifiedAt",
  "bucket",
  "key",
  "versionId",
  "status",
  "label",
  "score",
  "code",
  "format",
  "width",
  "height",
  "model",
] as const;

function rowOf(result: Result): (string | number)[] {
  const { source, classifiedAt, status, model } = result;
  const { label = "", score = "", code = "" } = bestOf(result);
  const { format = "", width = "", height = "" } = result.status === "classified" ? result.image : {};
  const { bucket, key, versionId = "" } = source;
  return [
    classifiedAt,
    bucket,
    key,
    versionId,
    status,
    label,
    score,
    code,
    format,
    width,
    height,
    model.name,
  ];
}

/** With a head. */
export function csv(results: readonly Result[]): string {
  return [COLUMNS, ...results.map(rowOf)].map(csvRecord).join("");
}

export function jsonLines(values: readonly object[]): string {
  return values.map((value) => `${JSON.stringify(value)}\n`).join("");
}

export function resultTable(results: readonly Result[]): string {
  const rows = results.map((result) => {
    const { label, score, code = "" } = bestOf(result);
    const verdict = label === undefined ? [code, ""] : [label, `${((score ?? 0) * 100).toFixed(1)}%`];
    return [result.classifiedAt.slice(0, 19).replace("T", " "), printable(result.source.key), ...verdict];
  });
  return `${textTable([["classified at (UTC)", "key", "label or code", "score"], ...rows])}\n`;
}

export function dayTable(counts: readonly Count[]): string {
  const rows = counts.map(({ day, label, count }) => [day, label, count]);
  return `${textTable([["day (UTC)", "label or code", "images"], ...rows])}\n`;
}

export function dayCsv(counts: readonly Count[]): string {
  return [["day", "label", "count"], ...counts.map(({ day, label, count }) => [day, label, count])]
    .map(csvRecord)
    .join("");
}
