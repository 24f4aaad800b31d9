/** One picture's true label and what the model said, likeliest first. */
export interface Judgement {
  readonly label: string;
  readonly predictions: readonly { readonly label: string; readonly score: number }[];
}

export interface ClassAccuracy {
  readonly label: string;
  readonly count: number;
  readonly correct: number;
  /** Share of the pictures of this label that were given it. */
  readonly recall: number;
}

export interface Confusion {
  readonly label: string;
  readonly predicted: string;
  readonly count: number;
}

export interface Accuracy {
  readonly count: number;
  /** Shares, 0 to 1. */
  readonly top1: number;
  readonly topK: number;
  readonly k: number;
  /** Mean of the classes' recalls: every class counts alike, however many pictures it has. */
  readonly macroRecall: number;
  /** Expected calibration error, 15 bins. */
  readonly calibrationError: number;
  readonly classes: readonly ClassAccuracy[];
  /** Label → predicted label → count, right ones included, most frequent first. */
  readonly confusions: readonly Confusion[];
}

const CALIBRATION_BINS = 15;

/**
 * Accuracy over judged pictures. Labels are compared by text, so that two classes of the same name (ImageNet has
 * two cranes) are one.
 */
export function measureAccuracy(judgements: readonly Judgement[], k: number): Accuracy {
  const right = judgements.filter(isRight).length;
  const amongK = judgements.filter(({ label, predictions }) =>
    predictions.slice(0, k).some((prediction) => prediction.label === label),
  ).length;
  const classes = accuracyByClass(judgements);
  return {
    count: judgements.length,
    top1: share(right, judgements.length),
    topK: share(amongK, judgements.length),
    k,
    macroRecall: share(
      classes.reduce((sum, { recall }) => sum + recall, 0),
      classes.length,
    ),
    calibrationError: calibrationError(judgements),
    classes,
    confusions: countConfusions(judgements),
  };
}

/**
 * Σ over bins of (share of pictures in the bin) · |accuracy − mean score| for 15 equally wide bins of the highest
 * score: Guo et al. 2017, "On Calibration of Modern Neural Networks", equation 3.
 */
function calibrationError(judgements: readonly Judgement[]): number {
  const bins = Array.from({ length: CALIBRATION_BINS }, () => ({ right: 0, score: 0 }));
  for (const judgement of judgements) {
    const score = judgement.predictions[0]?.score ?? 0;
    // Bins are open below and closed above, as in the paper.
    const bin = bins[Math.max(0, Math.ceil(score * CALIBRATION_BINS) - 1)];
    if (bin === undefined) throw new RangeError(`expected a score from 0 to 1, got ${score}`);
    bin.score += score;
    if (isRight(judgement)) bin.right += 1;
  }
  return share(
    bins.reduce((sum, { right, score }) => sum + Math.abs(right - score), 0),
    judgements.length,
  );
}

function accuracyByClass(judgements: readonly Judgement[]): ClassAccuracy[] {
  const groups = Map.groupBy(judgements, ({ label }) => label);
  return [...groups].map(([label, group]) => {
    const correct = group.filter(isRight).length;
    return { label, count: group.length, correct, recall: share(correct, group.length) };
  });
}

function countConfusions(judgements: readonly Judgement[]): Confusion[] {
  const groups = Map.groupBy(judgements, ({ label, predictions }) => `${label}\t${predictions[0]?.label}`);
  return [...groups.values()]
    .flatMap((group) => {
      const [first] = group;
      const predicted = first?.predictions[0]?.label;
      return first && predicted !== undefined ? [{ label: first.label, predicted, count: group.length }] : [];
    })
    .sort((a, b) => b.count - a.count || (a.label < b.label ? -1 : 1));
}

function isRight({ label, predictions }: Judgement): boolean {
  return predictions[0]?.label === label;
}

function share(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}
