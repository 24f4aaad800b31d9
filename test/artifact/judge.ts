import assert from "node:assert/strict";
import type { Layout } from "../../src/measure/deployed/environment.ts";
import { runEvents } from "./classify.ts";

/** What a result of a taught model says. */
export interface Judged {
  readonly status: string;
  readonly predictions: readonly { readonly label: string; readonly score: number }[];
  readonly unknown: { readonly isUnknown: boolean; readonly similarity: number };
  readonly model: { readonly parts: { readonly head: { readonly sha256: string } } };
}

/** Judges uploads of the bucket `uploads` by a function that is started afresh: key → result. */
export async function judge(
  layout: Layout,
  s3Url: string,
  keys: readonly string[],
): Promise<Map<string, Judged>> {
  const events = new Map(keys.map((key) => [key, { bucket: "uploads", key }]));
  const { effects } = await runEvents(layout, s3Url, events);
  return new Map(keys.map((key) => [key, effects.get(key)?.results[`${key}.json`] as Judged]));
}

/** The same labels first, the same called unknown, similarities within 0.01. */
export function assertSameJudgements(
  actual: ReadonlyMap<string, Judged>,
  expected: ReadonlyMap<string, Judged>,
): void {
  assert.equal(actual.size, expected.size);
  for (const [key, wanted] of expected) {
    const { predictions, unknown } = actual.get(key) ?? {};
    assert.equal(predictions?.[0]?.label, wanted.predictions[0]?.label, key);
    assert.equal(unknown?.isUnknown, wanted.unknown.isUnknown, key);
    assert.ok(Math.abs((unknown?.similarity ?? 2) - wanted.unknown.similarity) < 0.01, key);
  }
}
