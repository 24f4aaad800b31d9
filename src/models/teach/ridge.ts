import { EigenvalueDecomposition, Matrix, solve } from "ml-matrix";

export interface RidgeProblem {
  /** One row per image: its features, and a last column of ones for the intercept. */
  readonly rows: Matrix;
  /** Class of each row. */
  readonly classes: readonly number[];
  readonly classCount: number;
  /** Rows of one group are left out together: near-duplicates of each other, or images of one source. */
  readonly groups: readonly (readonly number[])[];
}

export interface RidgeFit {
  /** One row per feature, the intercept last; one column per class. */
  readonly weights: Matrix;
  readonly lambda: number;
  /** Scores of each image by the fit without its group: one row per image, one column per class. */
  readonly leftOut: Matrix;
}

const LAMBDAS = Array.from({ length: 21 }, (_, step) => 10 ** (-4 + step / 4));

/**
 * Ridge regression onto one column per class, 1 for the own and 0 for the others; classes weigh alike however many images
 * they have. λ is the one whose left-out scores have the least squared error.
 *
 * Leaving out is exact and costs no fit: with the hat matrix H, the left-out residual of a group G is (I − H_GG)⁻¹ e_G
 * (Cook & Weisberg 1982, "Residuals and Influence in Regression"). One eigen-decomposition serves all λ.
 */
export function fitRidge({ rows, classes, classCount, groups }: RidgeProblem): RidgeFit {
  const counts = countOf(classes, classCount);
  const roots = classes.map((own) => Math.sqrt(classes.length / (classCount * (counts[own] ?? 1))));
  const weighted = scaleRows(rows, roots);
  const targets = new Matrix(classes.length, classCount);
  for (const [row, own] of classes.entries()) targets.set(row, own, roots[row] ?? 0);

  const isDual = rows.rows <= rows.columns;
  const gram = isDual ? weighted.mmul(weighted.transpose()) : weighted.transpose().mmul(weighted);
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(gram, { assumeSymmetric: true });
  const values = realEigenvalues.map((value) => Math.max(0, value));
  // The rows in the basis of the decomposition: H = scores · diag(1 / (values + λ)) · scoresᵀ.
  const scores = isDual
    ? scaleColumns(eigenvectorMatrix, values.map(Math.sqrt))
    : weighted.mmul(eigenvectorMatrix);
  const projected = scores.transpose().mmul(targets);

  let best: { lambda: number; error: number; residuals: Matrix } | undefined;
  for (const lambda of LAMBDAS) {
    const shrunk = scaleColumns(
      scores,
      values.map((value) => 1 / (value + lambda)),
    );
    const residuals = Matrix.sub(targets, shrunk.mmul(projected));
    for (const group of groups) leaveOut(group, shrunk, scores, residuals);
    const error = residuals.norm("frobenius");
    if (best === undefined || error < best.error) best = { lambda, error, residuals };
  }
  if (best === undefined) throw new RangeError("expected at least one λ");
  const { lambda, residuals } = best;
  const inverse = values.map((value) => 1 / (value + lambda));
  const weights = isDual
    ? weighted
        .transpose()
        .mmul(scaleColumns(eigenvectorMatrix, inverse).mmul(eigenvectorMatrix.transpose().mmul(targets)))
    : scaleColumns(eigenvectorMatrix, inverse).mmul(projected);
  const leftOut = scaleRows(
    Matrix.sub(targets, residuals),
    roots.map((root) => 1 / root),
  );
  return { weights, lambda, leftOut };
}

/** Replaces the residuals of a group by those of the fit without it, in place. */
function leaveOut(group: readonly number[], shrunk: Matrix, scores: Matrix, residuals: Matrix): void {
  const [first = 0, ...others] = group;
  if (others.length === 0) {
    let own = 0;
    for (let column = 0; column < scores.columns; column++)
      own += shrunk.get(first, column) * scores.get(first, column);
    residuals.mulRow(first, 1 / (1 - own));
    return;
  }
  const rows = [...group];
  const columns = allColumns(scores);
  const own = shrunk.subMatrixRow(rows, 0, columns).mmul(scores.subMatrixRow(rows, 0, columns).transpose());
  const left = solve(
    Matrix.sub(Matrix.eye(rows.length), own),
    residuals.subMatrixRow(rows, 0, allColumns(residuals)),
  );
  for (const [index, row] of rows.entries()) residuals.setRow(row, left.getRow(index));
}

/** The temperature by which scores must be divided for softmax of them to be the likeliest: golden section on its logarithm. */
export function fitTemperature(
  scores: Matrix,
  classes: readonly number[],
  weights: readonly number[],
): number {
  const loss = (logT: number): number => {
    const temperature = Math.exp(logT);
    let sum = 0;
    for (const [row, own] of classes.entries()) {
      const logits = scores.getRow(row).map((score) => score / temperature);
      const greatest = Math.max(...logits);
      const total = logits.reduce((partial, logit) => partial + Math.exp(logit - greatest), 0);
      sum += (weights[row] ?? 1) * (Math.log(total) + greatest - (logits[own] ?? 0));
    }
    return sum;
  };
  let [low, high] = [Math.log(0.005), Math.log(2)];
  const ratio = (Math.sqrt(5) - 1) / 2;
  while (high - low > 1e-3) {
    const [left, right] = [high - ratio * (high - low), low + ratio * (high - low)];
    if (loss(left) < loss(right)) high = right;
    else low = left;
  }
  return Math.exp((low + high) / 2);
}

export function countOf(classes: readonly number[], classCount: number): number[] {
  const counts = new Array<number>(classCount).fill(0);
  for (const own of classes) counts[own] = (counts[own] ?? 0) + 1;
  return counts;
}

function scaleRows(matrix: Matrix, factors: readonly number[]): Matrix {
  return matrix.clone().mulColumnVector([...factors]);
}

function scaleColumns(matrix: Matrix, factors: readonly number[]): Matrix {
  return matrix.clone().mulRowVector([...factors]);
}

function allColumns(matrix: Matrix): number {
  return matrix.columns - 1;
}
