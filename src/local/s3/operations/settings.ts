import { type S3ErrorCode, s3Error } from "../errors.ts";
import type { Operation } from "../request.ts";
import { type XmlElement, xmlDocument } from "../xml.ts";
import { OWNER } from "./buckets.ts";
import { findVersion } from "./find.ts";

/** Settings that clients probe and that nobody can change here: as S3 answers for a new bucket. */
export const SETTINGS = {
  GetBucketAccelerateConfiguration: setting("AccelerateConfiguration", {}),
  GetBucketAcl: setting("AccessControlPolicy", ownersAcl()),
  GetBucketCors: unset("NoSuchCORSConfiguration"),
  GetBucketEncryption: setting("ServerSideEncryptionConfiguration", {
    Rule: { ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "AES256" }, BucketKeyEnabled: false },
  }),
  GetBucketLifecycleConfiguration: unset("NoSuchLifecycleConfiguration"),
  GetBucketLogging: setting("BucketLoggingStatus", {}),
  GetBucketNotificationConfiguration: setting("NotificationConfiguration", {}),
  GetObjectLockConfiguration: unset("ObjectLockConfigurationNotFoundError"),
  GetBucketOwnershipControls: setting("OwnershipControls", {
    Rule: { ObjectOwnership: "BucketOwnerEnforced" },
  }),
  GetBucketPolicy: unset("NoSuchBucketPolicy"),
  GetBucketPolicyStatus: unset("NoSuchBucketPolicy"),
  GetPublicAccessBlock: setting("PublicAccessBlockConfiguration", {
    BlockPublicAcls: true,
    IgnorePublicAcls: true,
    BlockPublicPolicy: true,
    RestrictPublicBuckets: true,
  }),
  GetBucketReplication: unset("ReplicationConfigurationNotFoundError"),
  GetBucketRequestPayment: setting("RequestPaymentConfiguration", { Payer: "BucketOwner" }),
  GetBucketTagging: unset("NoSuchTagSet"),
  GetBucketWebsite: unset("NoSuchWebsiteConfiguration"),
  GetObjectAcl: async (context, request) => {
    findVersion(context, request);
    return { body: xmlDocument("AccessControlPolicy", ownersAcl()) };
  },
} as const satisfies Record<string, Operation>;

function setting(root: string, content: XmlElement): Operation {
  return async ({ store }, { bucket }) => {
    store.bucket(bucket);
    return { body: xmlDocument(root, content) };
  };
}

function unset(code: S3ErrorCode): Operation {
  return async ({ store }, { bucket }) => {
    store.bucket(bucket);
    throw s3Error(code, { details: { BucketName: bucket } });
  };
}

function ownersAcl(): XmlElement {
  const grantee = {
    "@_xmlns:xsi": "http://www.w3.org/2001/XMLSchema-instance",
    "@_xsi:type": "CanonicalUser",
    ...OWNER,
  };
  return { Owner: OWNER, AccessControlList: { Grant: { Grantee: grantee, Permission: "FULL_CONTROL" } } };
}
