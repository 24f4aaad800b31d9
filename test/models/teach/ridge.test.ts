import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Matrix } from "ml-matrix";
import { seededRandom } from "../../../src/measure/random.ts";
import { fitRidge, fitTemperature } from "../../../src/models/teach/ridge.ts";

/** Three classes as three clouds. */
function cloud(count: number, size: number) {
  const random = seededRandom(7);
  const classes = Array.from({ length: count }, (_, index) => index % 3);
  const rows = Matrix.zeros(count, size + 1);
  for (const [row, own] of classes.entries()) {
    for (let column = 0; column < size; column++)
      rows.set(row, column, random() + (column % 3 === own ? 0.4 : 0));
    rows.set(row, size, 1);
  }
  return { rows, classes };
}

/** The definition: a fit without the group, by the normal equations, applied to the group. */
function refit(rows: Matrix, classes: readonly number[], group: readonly number[], lambda: number): Matrix {
  const kept = [...classes.keys()].filter((row) => !group.includes(row));
  const counts = [0, 1, 2].map((label) => classes.filter((own) => own === label).length);
  const x = rows.subMatrixRow(kept, 0, rows.columns - 1);
  const y = Matrix.zeros(kept.length, 3);
  const w = kept.map((row) => classes.length / (3 * (counts[classes[row] ?? 0] ?? 1)));
  for (const [index, row] of kept.entries()) y.set(index, classes[row] ?? 0, 1);
  const weighted = x.clone().mulColumnVector(w);
  const gram = weighted.transpose().mmul(x).add(Matrix.eye(x.columns).mul(lambda));
  const weights = inverse(gram).mmul(weighted.transpose().mmul(y));
  return rows.subMatrixRow([...group], 0, rows.columns - 1).mmul(weights);
}

describe("ridge regression", () => {
  for (const [shape, count, size] of [
    ["fewer images than features", 24, 40],
    ["more images than features", 60, 8],
  ] as const) {
    test(`left-out scores are those of a fit without the group, with ${shape}`, () => {
      const { rows, classes } = cloud(count, size);
      const groups = [[0, 3, 4], [1], ...Array.from({ length: count - 5 }, (_, index) => [index + 5]), [2]];
      const { lambda, leftOut } = fitRidge({ rows, classes, classCount: 3, groups });
      for (const group of groups.slice(0, 4)) {
        const expected = refit(rows, classes, group, lambda);
        for (const [index, row] of group.entries()) {
          for (let column = 0; column < 3; column++)
            assert.ok(Math.abs(leftOut.get(row, column) - expected.get(index, column)) < 1e-8);
        }
      }
    });
  }

  test("a label with few images weighs as much as one with many", () => {
    const { rows, classes } = cloud(300, 8);
    const kept = [...classes.keys()].filter((row) => classes[row] !== 2 || row < 60);
    const few = kept.map((row) => classes[row] ?? 0);
    const groups = kept.map((_, index) => [index]);
    const { leftOut } = fitRidge({
      rows: rows.subMatrixRow(kept, 0, rows.columns - 1),
      classes: few,
      classCount: 3,
      groups,
    });
    const recallOf = (label: number) => {
      const own = few.flatMap((other, row) => (other === label ? [row] : []));
      const right = own.filter((row) => {
        const scores = leftOut.getRow(row);
        return scores.indexOf(Math.max(...scores)) === label;
      });
      return right.length / own.length;
    };
    assert.ok(recallOf(2) > 0.7, `recall ${recallOf(2)} of 20 images among 200`);
  });

  test("the temperature is the one at which the scores are likeliest", () => {
    const random = seededRandom(3);
    // Logits of a temperature of 0.25: the true class is drawn by softmax of four times the scores.
    const scores = new Matrix(Array.from({ length: 4000 }, () => [random(), random(), random()]));
    const classes = scores.to2DArray().map((row) => {
      const exponents = row.map((score) => Math.exp(score / 0.25));
      let left = random() * exponents.reduce((sum, value) => sum + value, 0);
      return exponents.findIndex((value) => {
        left -= value;
        return left < 0;
      });
    });
    const temperature = fitTemperature(scores, classes, []);
    assert.ok(Math.abs(temperature - 0.25) < 0.02, `got ${temperature}`);
  });
});

/** Gauss and Jordan, so that the reference shares no code with what it checks. */
function inverse(matrix: Matrix): Matrix {
  const size = matrix.rows;
  const work = matrix.to2DArray().map((row, index) => [...row, ...Matrix.eye(size).getRow(index)]);
  for (let pivot = 0; pivot < size; pivot++) {
    const best = work.findIndex(
      (row, index) =>
        index >= pivot &&
        Math.abs(row[pivot] ?? 0) ===
          Math.max(...work.slice(pivot).map((other) => Math.abs(other[pivot] ?? 0))),
    );
    [work[pivot], work[best]] = [work[best] ?? [], work[pivot] ?? []];
    const factor = work[pivot]?.[pivot] ?? 1;
    work[pivot] = (work[pivot] ?? []).map((value) => value / factor);
    for (let row = 0; row < size; row++) {
      const by = row === pivot ? 0 : (work[row]?.[pivot] ?? 0);
      if (by !== 0)
        work[row] = (work[row] ?? []).map((value, column) => value - by * (work[pivot]?.[column] ?? 0));
    }
  }
  return new Matrix(work.map((row) => row.slice(size)));
}
