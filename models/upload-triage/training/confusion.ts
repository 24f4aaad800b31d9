/**
 * Draws what left-out images were taken for.
 *
 *     node models/upload-triage/training/confusion.ts TAILS/judgements.json confusion.svg
 *
 * judgements.json is protocol.py's: rows of [source, image, label, fold] and INT8 logits [N, 7].
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Judgement, measureAccuracy } from "../../../src/models/evaluate/accuracy.ts";
import { drawConfusionMatrix } from "../../../src/models/evaluate/confusion-svg.ts";

const [judged = "", out = ""] = process.argv.slice(2);
const { rows, INT8: logits } = JSON.parse(readFileSync(judged, "utf8")) as {
  rows: [source: string, image: number, label: string, fold: number][];
  INT8: number[][];
};
const { id2label } = JSON.parse(readFileSync(join(import.meta.dirname, "../config.json"), "utf8")) as {
  id2label: Record<string, string>;
};
const labels = Object.values(id2label);
const judgements = rows.flatMap(([, , label], n): Judgement[] => {
  const row = logits[n] ?? [];
  const guess = labels[row.indexOf(Math.max(...row))] ?? "";
  return labels.includes(label) ? [{ label, predictions: [{ label: guess, score: 1 }] }] : [];
});
const accuracy = measureAccuracy(judgements, 1);
const title = `upload-triage: ${(100 * accuracy.top1).toFixed(1)}% of ${accuracy.count} left-out images`;
writeFileSync(out, drawConfusionMatrix(accuracy, labels, title));
