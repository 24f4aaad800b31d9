import { type Accuracy, measureAccuracy } from "../evaluate/accuracy.ts";
import type { Fit } from "./fit.ts";
import type { Attempt } from "./teach.ts";
import { type Interval, wilsonInterval } from "./wilson.ts";

/** Everything that `model teach` has to say, as `--json` prints it. */
export interface Report {
  readonly name: string;
  readonly folder: string;
  readonly sha256: string;
  readonly backbone: { readonly name: string; readonly sha256: string };
  readonly head: { readonly sha256: string };
  readonly estimate: Estimate;
  readonly confusedPairs: readonly ConfusedPair[];
  /** Images that all others take, and surely, for another label. */
  readonly suspects: readonly Suspect[];
  /** What would help most, in that order. */
  readonly advice: readonly Advice[];
  /** Files that show the same. */
  readonly duplicates: readonly (readonly string[])[];
  readonly unknown: { readonly threshold: number; readonly falseShare: number; readonly otherShare?: number };
  readonly temperature: number;
  readonly lambda: number;
  readonly backbones: readonly TriedBackbone[];
  readonly unreadable: Attempt["unreadable"];
  readonly warnings: readonly string[];
}

export interface Estimate {
  /** What was left out, again and again, to judge it by the rest. */
  readonly leftOut: "image" | "source";
  readonly groupCount: number;
  readonly accuracy: Accuracy;
  readonly top1Interval: Interval;
  readonly classes: readonly ClassEstimate[];
}

export interface ClassEstimate {
  readonly label: string;
  readonly count: number;
  readonly correct: number;
  readonly recall: number;
  readonly interval: Interval;
}

export interface ConfusedPair {
  readonly label: string;
  readonly predicted: string;
  readonly files: readonly string[];
}

export interface Suspect {
  readonly file: string;
  readonly label: string;
  readonly predicted: string;
  readonly score: number;
}

export interface Advice {
  readonly label: string;
  readonly reason: string;
  /** Images that were got wrong: more like these are needed. */
  readonly files: readonly string[];
}

export type TriedBackbone =
  | { readonly name: string; readonly macroRecall: number; readonly top1: number }
  | { readonly name: string; readonly problem: string };

const SURE = 0.9;
const ENOUGH_IMAGES = 20;
const GOOD_RECALL = 0.95;
const MAX_ADVICE = 5;
/** More would be no estimate of anything: they are a tail. */
const MAX_SUSPECTS = 30;

export function judgeFit({ judgements }: Fit): { macroRecall: number; top1: number } {
  const { macroRecall, top1 } = measureAccuracy(judgements, 1);
  return { macroRecall, top1 };
}

/** What the judgements of left-out images say, with the files that they are about. */
export function reportOn({
  fit,
  images,
  hasSources,
}: Attempt): Pick<Report, "estimate" | "confusedPairs" | "suspects" | "advice" | "duplicates"> {
  const accuracy = measureAccuracy(fit.judgements, 5);
  const classes = accuracy.classes.map((entry) => ({
    ...entry,
    interval: wilsonInterval(entry.correct, entry.count),
  }));
  const judged = fit.judgements.map(({ label, predictions: [best] }, index) => ({
    file: images[index]?.file ?? "",
    label,
    predicted: best?.label ?? "",
    score: best?.score ?? 0,
  }));
  const wrong = judged.filter(({ label, predicted }) => label !== predicted);
  const confusedPairs = [...Map.groupBy(wrong, ({ label, predicted }) => `${label}\t${predicted}`).values()]
    .map((pair) => ({
      label: pair[0]?.label ?? "",
      predicted: pair[0]?.predicted ?? "",
      files: pair.map(({ file }) => file),
    }))
    .sort((a, b) => b.files.length - a.files.length);
  return {
    estimate: {
      leftOut: hasSources ? "source" : "image",
      groupCount: fit.groupCount,
      accuracy,
      top1Interval: wilsonInterval(Math.round(accuracy.top1 * accuracy.count), accuracy.count),
      classes,
    },
    confusedPairs,
    suspects: wrong
      .filter(({ score }) => score >= SURE)
      .sort((a, b) => b.score - a.score)
      .slice(0, MAX_SUSPECTS),
    advice: adviceOn(classes, wrong),
    duplicates: fit.duplicates.map((group) => group.map((index) => images[index]?.file ?? "")),
  };
}

function adviceOn(classes: readonly ClassEstimate[], wrong: readonly Suspect[]): Advice[] {
  return classes
    .filter(({ recall, count }) => recall < GOOD_RECALL || count < ENOUGH_IMAGES)
    .sort((a, b) => a.interval.low - b.interval.low)
    .slice(0, MAX_ADVICE)
    .map(({ label, recall, count }) => {
      const missed = wrong.filter((image) => image.label === label);
      const takenFor = [...new Set(missed.map(({ predicted }) => predicted))].join(", ");
      const reasons = [
        ...(recall < GOOD_RECALL
          ? [`${missed.length} of ${count} are taken for ${takenFor}: more like them are needed`]
          : []),
        ...(count < ENOUGH_IMAGES ? [`there are only ${count}`] : []),
      ];
      return { label, reason: reasons.join("; "), files: missed.map(({ file }) => file) };
    });
}
