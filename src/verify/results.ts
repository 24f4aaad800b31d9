import { GetObjectAnnotationCommand, GetObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import type { ResultDocument } from "../local/command/result.ts";

/** Where the results of a stack are. */
export interface ResultPlace {
  readonly s3: S3Client;
  readonly uploadsBucket: string;
  readonly resultsBucket: string;
  /** Name of the annotation that holds a result; without one, results are objects. */
  readonly annotationName: string | undefined;
}

/** The result of a key as it stands now; `undefined` when there is none. */
export async function readResult(place: ResultPlace, key: string): Promise<ResultDocument | undefined> {
  try {
    const text = await (place.annotationName === undefined
      ? readObject(place, key)
      : readAnnotation(place, key));
    return JSON.parse(text ?? "") as ResultDocument;
  } catch (error) {
    const { name, $metadata: metadata } = error as { name?: string; $metadata?: { httpStatusCode?: number } };
    if (metadata?.httpStatusCode === 404 && name !== "NoSuchBucket") return undefined;
    throw error;
  }
}

async function readObject({ s3, resultsBucket }: ResultPlace, key: string): Promise<string | undefined> {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: resultsBucket, Key: `${key}.json` }));
  return Body?.transformToString();
}

async function readAnnotation(
  { s3, uploadsBucket, annotationName }: ResultPlace,
  key: string,
): Promise<string | undefined> {
  const where = { Bucket: uploadsBucket, Key: key, AnnotationName: annotationName };
  const { AnnotationPayload } = await s3.send(new GetObjectAnnotationCommand(where));
  return AnnotationPayload?.transformToString();
}
