import {
  deleteObjectAnnotation,
  getObjectAnnotation,
  listObjectAnnotations,
  putObjectAnnotation,
} from "./operations/annotations.ts";
import { getObjectAttributes } from "./operations/attributes.ts";
import {
  createBucket,
  deleteBucket,
  getBucketLocation,
  getBucketVersioning,
  headBucket,
  listBuckets,
  putBucketVersioning,
} from "./operations/buckets.ts";
import { completeMultipartUpload } from "./operations/complete.ts";
import { copyObject, uploadPartCopy } from "./operations/copy.ts";
import { deleteObject, deleteObjects } from "./operations/delete.ts";
import { listObjects, listObjectsV2, listObjectVersions } from "./operations/list.ts";
import {
  abortMultipartUpload,
  createMultipartUpload,
  listMultipartUploads,
  listParts,
  uploadPart,
} from "./operations/multipart.ts";
import { getObject, headObject, putObject } from "./operations/objects.ts";
import { postObject } from "./operations/post.ts";
import { SETTINGS } from "./operations/settings.ts";
import { deleteObjectTagging, getObjectTagging, putObjectTagging } from "./operations/tagging.ts";
import type { Operation } from "./request.ts";
import type { OperationName } from "./route.ts";

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
  PutObjectAnnotation: putObjectAnnotation,
  GetObjectAnnotation: getObjectAnnotation,
  ListObjectAnnotations: listObjectAnnotations,
  DeleteObjectAnnotation: deleteObjectAnnotation,
  GetObjectTagging: getObjectTagging,
  PutObjectTagging: putObjectTagging,
  DeleteObjectTagging: deleteObjectTagging,
  CopyObject: copyObject,
  CreateMultipartUpload: createMultipartUpload,
  UploadPart: uploadPart,
  UploadPartCopy: uploadPartCopy,
  CompleteMultipartUpload: completeMultipartUpload,
  AbortMultipartUpload: abortMultipartUpload,
  ListParts: listParts,
  ListMultipartUploads: listMultipartUploads,
  PostObject: postObject,
  GetObjectAttributes: getObjectAttributes,
  ...SETTINGS,
};
