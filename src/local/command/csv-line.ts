import { csvRecord } from "../csv.ts";
import type { PictureOutcome } from "./result.ts";

export const CSV_HEADER = csvRecord(["file", "status", "label", "score", "code", "message", "model", "ms"]);

/** One record of `--csv`; a file without a result has the status `failed`. */
export function csvOf(outcome: PictureOutcome): string {
  if ("failure" in outcome) {
    return csvRecord([outcome.name, "failed", "", "", outcome.code, outcome.failure, "", ""]);
  }
  const { status, predictions, error, model, timingsMs } = outcome.document;
  const [best] = predictions ?? [];
  const times = Object.values(timingsMs ?? {});
  const ms = times.length === 0 ? "" : times.reduce((sum, each) => sum + each, 0).toFixed(1);
  return csvRecord([
    outcome.name,
    status,
    best?.label,
    best?.score,
    error?.code,
    error?.message,
    model?.name,
    ms,
  ]);
}
