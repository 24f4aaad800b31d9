import { encodeKey } from "./encoding.ts";

/** One record of an S3 event notification; `{ Records: [record] }` is what S3 sends. */
export interface ObjectEventRecord {
  readonly eventVersion: string;
  readonly eventSource: "aws:s3";
  readonly awsRegion: string;
  /** ISO 8601, UTC. */
  readonly eventTime: string;
  readonly eventName: ObjectEventName;
  readonly userIdentity: { readonly principalId: string };
  readonly requestParameters: { readonly sourceIPAddress: string };
  readonly responseElements: { readonly "x-amz-request-id": string; readonly "x-amz-id-2": string };
  readonly s3: {
    readonly s3SchemaVersion: "1.0";
    readonly configurationId: string;
    readonly bucket: {
      readonly name: string;
      readonly ownerIdentity: { readonly principalId: string };
      readonly arn: string;
    };
    readonly object: {
      /** URL-encoded, see `encodeKey`. */
      readonly key: string;
      /** Bytes; absent when an object was removed. */
      readonly size?: number;
      /** MD5 in hex without quotes, `-N` after a multipart upload. */
      readonly eTag?: string;
      readonly versionId?: string;
      /** Hex; compares as a string within one key. */
      readonly sequencer: string;
    };
  };
}

export type ObjectEventName =
  | "ObjectCreated:Put"
  | "ObjectCreated:Post"
  | "ObjectCreated:Copy"
  | "ObjectCreated:CompleteMultipartUpload"
  | "ObjectAnnotation:Put"
  | "ObjectAnnotation:Delete"
  | "ObjectRemoved:Delete"
  | "ObjectRemoved:DeleteMarkerCreated";

/** What happened to an object; the key is plain here. */
export interface ObjectChange {
  readonly name: ObjectEventName;
  readonly bucket: string;
  readonly key: string;
  readonly size?: number;
  readonly eTag?: string;
  /** Left out of the record when it is `null`, as in a bucket without versioning. */
  readonly versionId: string;
  readonly sequencer: string;
  readonly region: string;
  readonly requestId: string;
  readonly hostId: string;
  readonly sourceIp: string;
}

const PRINCIPAL = { principalId: "LOCAL" } as const;

/**
 * The record that S3 would send, event version 2.1.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
 */
export function objectEventRecord(change: ObjectChange): ObjectEventRecord {
  return {
    eventVersion: "2.1",
    eventSource: "aws:s3",
    awsRegion: change.region,
    eventTime: new Date().toISOString(),
    eventName: change.name,
    userIdentity: PRINCIPAL,
    requestParameters: { sourceIPAddress: change.sourceIp },
    responseElements: { "x-amz-request-id": change.requestId, "x-amz-id-2": change.hostId },
    s3: {
      s3SchemaVersion: "1.0",
      configurationId: "local",
      bucket: { name: change.bucket, ownerIdentity: PRINCIPAL, arn: `arn:aws:s3:::${change.bucket}` },
      object: {
        key: encodeKey(change.key),
        ...(change.size !== undefined && { size: change.size }),
        ...(change.eTag !== undefined && { eTag: change.eTag }),
        ...(change.versionId !== "null" && { versionId: change.versionId }),
        sequencer: change.sequencer,
      },
    },
  };
}
