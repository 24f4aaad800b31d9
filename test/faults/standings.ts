import {
  GetObjectAnnotationCommand,
  GetObjectCommand,
  ListObjectVersionsCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import type { ResultsAs } from "../../src/function/config.ts";
import { parseResult, type Result } from "../../src/function/result.ts";
import { describeS3Error, isMissingObject } from "../../src/function/s3.ts";
import type { ObjectEventRecord } from "../../src/local/s3/notification.ts";
import { decodeKey } from "../../src/local/stack-events.ts";
import { newestOfEachKey } from "../../src/results/newest.ts";
import type { Ledger, Upload } from "./ledger.ts";

/** What a key has by one way of publishing. */
export interface Standing {
  /** By the way's own reading. */
  readonly newest: Result | undefined;
  /** Every result that was ever written and can still be read; of objects, oldest first. */
  readonly texts: readonly string[];
}

/** One way of publishing, as those who read it see it. */
export interface Reading {
  readonly way: "object" | "annotation" | "lines";
  /** By the upload's key. */
  read(prefix: string, ledger: Ledger): Promise<Map<string, Standing>>;
  /** Whether a result is that of an upload: by its event, or where results stand on bytes, by these. */
  isOf(result: Result, upload: Upload): boolean;
  /** Whether there can be one. */
  canHave(upload: Upload, ledger: Ledger): boolean;
}

export interface ReadingsOptions {
  readonly s3: S3Client;
  /** Keys of the lines that a request has written. */
  readonly linesOf: (requestId: string) => Iterable<string>;
}

/** Which lines a request has written, as S3 announces them. */
export function indexLines() {
  const names = new Map<string, Set<string>>();
  return {
    note({ s3: { bucket, object } }: ObjectEventRecord): void {
      const requestId = /\/([^/]+?)(?:-\d{1,2})?\.jsonl$/.exec(object.key)?.[1];
      if (bucket.name !== "results" || requestId === undefined) return;
      names.set(requestId, (names.get(requestId) ?? new Set()).add(decodeKey(object.key)));
    },
    linesOf: (requestId: string): Iterable<string> => names.get(requestId) ?? [],
  };
}

/** The readings of a way of publishing: two of `annotation+lines`. */
export function readingsOf(way: ResultsAs, options: ReadingsOptions): readonly Reading[] {
  const readings = { object: objects, annotation: annotations, lines };
  return (["object", "annotation", "lines"] as const)
    .filter((part) => way.split("+").includes(part))
    .map((part) => readings[part](options));
}

const isOfEvent = ({ source }: Result, { sequencer }: Upload) => source.sequencer === sequencer;

/** With versioning, so that every result that was ever written can be read. */
const Bucket = "results";
const AnnotationName = "classification";

function objects({ s3 }: ReadingsOptions): Reading {
  return {
    way: "object",
    isOf: isOfEvent,
    canHave: () => true,
    async read(prefix) {
      const written = await readVersions(s3, prefix);
      const standings = [...written].map(([name, texts]): [string, Standing] => [
        name.slice(0, -".json".length),
        { texts, newest: parseResult(texts.at(-1) ?? "") },
      ]);
      return new Map(standings);
    },
  };
}

function annotations({ s3 }: ReadingsOptions): Reading {
  async function readAnnotation({ bucket, key: Key, versionId: VersionId }: Upload) {
    try {
      const command = new GetObjectAnnotationCommand({ Bucket: bucket, Key, VersionId, AnnotationName });
      return await (await s3.send(command)).AnnotationPayload?.transformToString();
    } catch (error) {
      if (isMissingObject(describeS3Error(error))) return undefined;
      throw error;
    }
  }
  return {
    way: "annotation",
    isOf: ({ source }, { eTag, versionId }) => source.eTag === eTag && source.versionId === versionId,
    // It went with the upload.
    canHave: ({ key, versionId }, { deletedKeys }) => versionId !== undefined || !deletedKeys.has(key),
    async read(_prefix, { uploads }) {
      const standings = new Map<string, Standing>();
      // Oldest first; without versions the same one is read each time.
      for (const upload of uploads) {
        const text = await readAnnotation(upload);
        const { texts = [] } = standings.get(upload.key) ?? {};
        if (text === undefined) standings.set(upload.key, { texts, newest: undefined });
        else standings.set(upload.key, { texts: [...texts, text], newest: parseResult(text) });
      }
      return standings;
    },
  };
}

function lines({ s3, linesOf }: ReadingsOptions): Reading {
  return {
    way: "lines",
    isOf: isOfEvent,
    canHave: () => true,
    async read(_prefix, { invocations }) {
      const texts: string[] = [];
      for (const { requestId } of invocations) {
        for (const name of linesOf(requestId)) {
          const versions = [...(await readVersions(s3, name)).values()].flat();
          texts.push(...versions.flatMap((text) => text.replace(/\n$/, "").split("\n")));
        }
      }
      const newest = newestOfEachKey(texts.flatMap((text) => parseResult(text) ?? []));
      const byKey = Map.groupBy(texts, (text) => parseResult(text)?.source.key ?? "");
      const standings = [...byKey].map(([key, all]): [string, Standing] => [
        key,
        { texts: all, newest: newest.find(({ source }) => source.key === key) },
      ]);
      return new Map(standings);
    },
  };
}

/** Name → the text of every version, oldest first. */
async function readVersions(s3: S3Client, Prefix: string): Promise<Map<string, string[]>> {
  const histories = new Map<string, string[]>();
  // A run writes far fewer than the 1000 versions of one answer. S3 lists those of a key newest first.
  const { Versions = [], IsTruncated } = await s3.send(new ListObjectVersionsCommand({ Bucket, Prefix }));
  if (IsTruncated) throw new Error(`expected at most 1000 results below ${Prefix}`);
  for (const { Key = "", VersionId } of Versions) {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key, VersionId }));
    histories.set(Key, [(await Body?.transformToString()) ?? "", ...(histories.get(Key) ?? [])]);
  }
  return histories;
}
