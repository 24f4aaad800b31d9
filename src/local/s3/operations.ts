import { s3Error } from "./errors.ts";
import {
  createBucket,
  deleteBucket,
  getBucketLocation,
  getBucketVersioning,
  headBucket,
  listBuckets,
  putBucketVersioning,
} from "./operations/buckets.ts";
import { deleteObject, deleteObjects } from "./operations/delete.ts";
import { listObjects, listObjectsV2, listObjectVersions } from "./operations/list.ts";
import { getObject, headObject, putObject } from "./operations/objects.ts";
import { deleteObjectTagging, getObjectTagging, putObjectTagging } from "./operations/tagging.ts";
import type { Operation } from "./request.ts";
import type { OperationName } from "./route.ts";

const notImplemented: Operation = async (_context, { operation }) => {
  throw s3Error("NotImplemented", { message: `${operation} is not implemented by the local S3 endpoint.` });
};

/** What answers each operation. */
export const OPERATIONS: Readonly<Record<OperationName, Operation>> = {
  ListBuckets: listBuckets,
  CreateBucket: createBucket,
  HeadBucket: headBucket,
  DeleteBucket: deleteBucket,
  GetBucketLocation: getBucketLocation,
  GetBucketVersioning: getBucketVersioning,
  PutBucketVersioning: putBucketVersioning,
  ListObjects: listObjects,
  ListObjectsV2: listObjectsV2,
  ListObjectVersions: listObjectVersions,
  PutObject: putObject,
  GetObject: getObject,
  HeadObject: headObject,
  DeleteObject: deleteObject,
  DeleteObjects: deleteObjects,
  GetObjectTagging: getObjectTagging,
  PutObjectTagging: putObjectTagging,
  DeleteObjectTagging: deleteObjectTagging,
  CopyObject: notImplemented,
  CreateMultipartUpload: notImplemented,
  UploadPart: notImplemented,
  UploadPartCopy: notImplemented,
  CompleteMultipartUpload: notImplemented,
  AbortMultipartUpload: notImplemented,
  ListParts: notImplemented,
  ListMultipartUploads: notImplemented,
  PostObject: notImplemented,
};
