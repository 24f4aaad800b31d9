import assert from "node:assert/strict";
import { test } from "node:test";
import { bySize, fitRuns, judgeScale, runOrder } from "../../src/measure/scale.ts";
import type { ScaleRun } from "../../src/measure/scale-run.ts";

const runOf = (pictures: number, msPerPicture: number, functionMb = 150): ScaleRun => ({
  pictures,
  wallMs: pictures * msPerPicture,
  cpuMs: pictures,
  functionMb,
  endpointMb: 200,
});

test("sizes run up and down again, so that a drifting machine does not look like growth", () => {
  assert.deepEqual(runOrder([100, 1000, 10_000]), [100, 1000, 10_000, 1000, 100]);
});

test("a stack that takes the same time for each picture fits a line through the origin", () => {
  const { msPerPicture, interceptMs, rSquared } = fitRuns([100, 1000, 10_000].map((n) => runOf(n, 6)));
  assert.ok(Math.abs(msPerPicture - 6) < 1e-9);
  assert.ok(Math.abs(interceptMs) < 1e-6);
  assert.ok(rSquared > 0.999_999);
});

test("runs of one size are averaged", () => {
  assert.deepEqual(bySize([runOf(1000, 6), runOf(100, 9), runOf(1000, 8)]), [runOf(100, 9), runOf(1000, 7)]);
});

test("the largest size may take 5% more time a picture and memory than the one before it", () => {
  const reached = (runs: ScaleRun[]) => judgeScale(runs).map((criterion) => criterion.reached);
  assert.deepEqual(reached([runOf(1000, 6), runOf(10_000, 6.2)]), [true, true]);
  assert.deepEqual(reached([runOf(1000, 6), runOf(10_000, 6.4, 170)]), [false, false]);
});
