import { GetObjectCommand, paginateListObjectsV2, type S3Client } from "@aws-sdk/client-s3";
import type { ResultsAs } from "../function/config.ts";
import { parseResult, type Result } from "../function/result.ts";
import { newestOfEachKey } from "../results/newest.ts";
import { type Place, readResultOf, readResults } from "../results/read.ts";
import type { ObjectEventRecord } from "./s3/notification.ts";
import { decodeKey, RESULTS_BUCKET, type StackEmitter, UPLOADS_BUCKET } from "./stack-events.ts";

/** The results of a stack, whatever the way of publishing. */
export interface StackResults {
  /** Announces the results that a change of an object brought. */
  announce(record: ObjectEventRecord): void;
  /** Throws where there is none. */
  read(uploadKey: string): Promise<unknown>;
  /** Keys of all uploads with a result. */
  keys(): AsyncIterable<string>;
}

export function createStackResults(
  client: () => S3Client,
  as: ResultsAs,
  annotationName: string,
  events: StackEmitter,
): StackResults {
  const place: Place = {
    as,
    uploadsBucket: UPLOADS_BUCKET,
    resultsBucket: RESULTS_BUCKET,
    annotationName,
  };
  /** Lines by key, as they come: looking a key up must not read all of them. */
  const lines = new Map<string, Result>();
  const emit = (key: string) => events.emit("result", { key: `${key}.json`, eTag: "", sizeBytes: 0 });
  const readLines = async (Key: string): Promise<void> => {
    const { Body } = await client().send(new GetObjectCommand({ Bucket: RESULTS_BUCKET, Key }));
    for (const line of ((await Body?.transformToString()) ?? "").split("\n")) {
      const result = parseResult(line);
      if (result === undefined) continue;
      const { key } = result.source;
      const known = lines.get(key);
      const [newest = result] = newestOfEachKey(known === undefined ? [result] : [known, result]);
      lines.set(key, newest);
      emit(key);
    }
  };
  return {
    announce({ eventName, s3: { bucket, object } }) {
      const key = decodeKey(object.key);
      const isInResults = bucket.name === RESULTS_BUCKET && eventName.startsWith("ObjectCreated:");
      if (as === "object" && isInResults) {
        events.emit("result", { key, eTag: object.eTag ?? "", sizeBytes: object.size ?? 0 });
      } else if (as === "annotation" && eventName === "ObjectAnnotation:Put") emit(key);
      else if (as.endsWith("lines") && isInResults) {
        readLines(key).catch((error: unknown) => console.error(`The lines ${key} cannot be read:`, error));
      }
    },
    async read(key) {
      const result = lines.get(key) ?? (await readResultOf(client(), place, key));
      if (result === undefined) throw new Error(`expected a result of ${key}, found none`);
      return result;
    },
    async *keys() {
      if (as === "object") {
        // Their names say it.
        for await (const page of paginateListObjectsV2({ client: client() }, { Bucket: RESULTS_BUCKET })) {
          for (const { Key = "" } of page.Contents ?? []) yield Key.replace(/\.json$/, "");
        }
        return;
      }
      for await (const { source } of readResults(client(), place, {})) yield source.key;
    },
  };
}
