import assert from "node:assert/strict";
import { GetObjectAnnotationCommand, GetObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import type { ResultsAs } from "../../src/function/config.ts";
import { parseResult, type Result } from "../../src/function/result.ts";
import { describeS3Error, isMissingObject } from "../../src/function/s3.ts";

/** The result of an upload that a request has worked on; `undefined` when it has none. */
export type ReadResult = (key: string, requestId: string) => Promise<Result | undefined>;

/**
 * Reads results where a way of publishing puts them; both of `annotation+lines`, which have to be the same.
 *
 * @param linesOf name of the object with the lines of a request
 */
export function resultReader(
  way: ResultsAs,
  s3: S3Client,
  buckets: { readonly uploads: string; readonly results: string },
  linesOf: (requestId: string) => string | undefined,
): ReadResult {
  const ofObject = (Key: string) =>
    textOf(async () => (await s3.send(new GetObjectCommand({ Bucket: buckets.results, Key }))).Body);
  const annotation: ReadResult = async (Key) => {
    const command = new GetObjectAnnotationCommand({
      Bucket: buckets.uploads,
      Key,
      AnnotationName: "classification",
    });
    return parseResult((await textOf(async () => (await s3.send(command)).AnnotationPayload)) ?? "");
  };
  const lines: ReadResult = async (key, requestId) => {
    const name = linesOf(requestId);
    const text = name === undefined ? undefined : await ofObject(name);
    const results = (text ?? "").split("\n").flatMap((line) => parseResult(line) ?? []);
    return results.findLast(({ source }) => source.key === key);
  };
  const readers: Record<ResultsAs, ReadResult> = {
    object: async (key) => parseResult((await ofObject(`${key}.json`)) ?? ""),
    annotation,
    lines,
    async "annotation+lines"(key, requestId) {
      const result = await annotation(key, requestId);
      assert.deepEqual(await lines(key, requestId), result);
      return result;
    },
  };
  return readers[way];
}

async function textOf(
  get: () => Promise<{ transformToString(): Promise<string> } | undefined>,
): Promise<string | undefined> {
  try {
    return await (await get())?.transformToString();
  } catch (error) {
    if (isMissingObject(describeS3Error(error))) return undefined;
    throw error;
  }
}
