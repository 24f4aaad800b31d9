import assert from "node:assert/strict";
import { type Case, difference, ownPixels, pillowPixels } from "./cases.ts";

export function assertSame({ name }: Case, own: Uint8Array, pillow: Uint8Array): void {
  const { mean, max } = difference(own, pillow);
  assert.equal(max, 0, `${name}: ${mean} levels from Pillow's on average, ${max} at most`);
}

export function assertPillows(cases: readonly Case[]): void {
  const pillow = pillowPixels(cases);
  for (const [index, one] of cases.entries()) assertSame(one, ownPixels(one), pillow[index] as Uint8Array);
}
