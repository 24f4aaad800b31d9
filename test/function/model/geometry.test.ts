import assert from "node:assert/strict";
import { test } from "node:test";
import { planGeometry } from "../../../src/function/model/geometry.ts";

const square = (side: number) => ({ height: side, width: side });
const rest = { kernel: "linear" } as const;

test("the shorter side is resized, the longer one follows, rounded down, and the cut begins at half the rest, rounded down", () => {
  const geometry = { resizeShorterSide: 256, crop: square(224), ...rest };
  assert.deepEqual(planGeometry({ height: 375, width: 500 }, geometry), {
    resize: { height: 256, width: 341 },
    top: 16,
    left: 58,
    output: square(224),
  });
  assert.deepEqual(planGeometry({ height: 500, width: 333 }, geometry).resize, { height: 384, width: 256 });
});

test("a crop that is larger than the resized image begins before it", () => {
  const geometry = { resizeShorterSide: 25, crop: square(32), ...rest };
  const { top, left } = planGeometry({ height: 50, width: 100 }, geometry);
  assert.deepEqual([top, left], [-4, 9]);
});

test("an exact size needs no cut", () => {
  const plan = planGeometry({ height: 3, width: 4 }, { resizeTo: square(8), crop: undefined, ...rest });
  assert.deepEqual(plan, { resize: square(8), top: 0, left: 0, output: square(8) });
});

test("timm's cut begins at half the rest rounded half to even, as torchvision's does", () => {
  const geometry = { resizeShorterSide: 10, crop: square(7), isCutRounded: true, ...rest } as const;
  assert.deepEqual(
    [20, 22, 24, 26, 28].map((width) => planGeometry({ height: 20, width }, geometry).left),
    [2, 2, 2, 3, 4],
  );
});
