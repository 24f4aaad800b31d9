import { s3Error } from "../errors.ts";
import { type Operation, readText } from "../request.ts";
import { parseXml, textOf, xmlDocument } from "../xml.ts";

/** The one owner of everything here. */
export const OWNER = { ID: "local", DisplayName: "local" } as const;

/** All buckets, or those whose name begins with `prefix`; there are never so many that they need pages. */
export const listBuckets: Operation = async ({ store, region }, { query }) => {
  const prefix = query.get("prefix") ?? undefined;
  const buckets = store
    .buckets()
    .filter(({ name }) => name.startsWith(prefix ?? ""))
    .map(({ name, createdAt }) => ({ Name: name, CreationDate: createdAt, BucketRegion: region }));
  return {
    body: xmlDocument("ListAllMyBucketsResult", {
      Owner: OWNER,
      Buckets: { Bucket: buckets },
      Prefix: prefix,
    }),
  };
};

export const createBucket: Operation = async ({ store }, request) => {
  // A location constraint is accepted and without effect: everything lives in one place.
  const text = await readText(request);
  if (text !== "") parseXml(text, "CreateBucketConfiguration");
  await store.createBucket(request.bucket);
  return { status: 200, headers: { location: `/${request.bucket}` } };
};

export const headBucket: Operation = async ({ store, region }, request) => {
  store.bucket(request.bucket);
  return { status: 200, headers: { "x-amz-bucket-region": region } };
};

export const deleteBucket: Operation = async ({ store }, request) => {
  await store.deleteBucket(request.bucket);
  return { status: 204 };
};

export const getBucketLocation: Operation = async ({ store, region }, request) => {
  store.bucket(request.bucket);
  // us-east-1 is told by an empty element, which is why the text is the document's own.
  const content = region === "us-east-1" ? {} : { "#text": region };
  return { body: xmlDocument("LocationConstraint", content) };
};

export const getBucketVersioning: Operation = async ({ store }, request) => {
  const { versioning } = store.bucket(request.bucket);
  const content = versioning === "Off" ? {} : { Status: versioning };
  return { body: xmlDocument("VersioningConfiguration", content) };
};

export const putBucketVersioning: Operation = async ({ store }, request) => {
  const status = textOf(parseXml(await readText(request), "VersioningConfiguration"), "Status");
  if (status !== "Enabled" && status !== "Suspended") {
    throw s3Error("IllegalVersioningConfigurationException");
  }
  await store.setVersioning(request.bucket, status);
  return { status: 200 };
};
