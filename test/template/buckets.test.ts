import assert from "node:assert/strict";
import { test } from "node:test";
import { branches, type Fields, fields, list, ofType, properties, type Value } from "./read.ts";

const buckets = ofType("AWS::S3::Bucket");
const ids = buckets.map(([id]) => id);

function statementsOf(bucket: string): readonly Fields[] {
  return ofType("AWS::S3::BucketPolicy")
    .filter(([, policy]) => fields(policy.Bucket).Ref === bucket)
    .flatMap(([, policy]) => list(fields(policy.PolicyDocument).Statement))
    .map((statement) => fields(statement));
}

test("there are an uploads and a results bucket", () => {
  assert.deepEqual(ids.sort(), ["ResultsBucket", "UploadsBucket"]);
});

for (const [id, bucket, resource] of buckets) {
  test(`${id} is private, without access control lists`, () => {
    assert.deepEqual(bucket.PublicAccessBlockConfiguration, {
      BlockPublicAcls: true,
      BlockPublicPolicy: true,
      IgnorePublicAcls: true,
      RestrictPublicBuckets: true,
    });
    assert.deepEqual(bucket.OwnershipControls, { Rules: [{ ObjectOwnership: "BucketOwnerEnforced" }] });
    for (const statement of statementsOf(id)) assert.equal(statement.Effect, "Deny");
  });

  test(`${id} is encrypted, with the key that was given or S3's own`, () => {
    const [rule] = list(fields(bucket.BucketEncryption).ServerSideEncryptionConfiguration);
    const { SSEAlgorithm, KMSMasterKeyID } = fields(fields(rule).ServerSideEncryptionByDefault);
    assert.deepEqual(branches(SSEAlgorithm), ["aws:kms", "AES256"]);
    assert.deepEqual(branches(KMSMasterKeyID), [{ Ref: "KmsKeyArn" }]);
  });

  test(`${id} refuses requests without TLS`, () => {
    const denied = statementsOf(id).find(
      ({ Condition }) => fields(fields(Condition).Bool)["aws:SecureTransport"] === false,
    );
    assert.ok(denied, "no statement denies insecure transport");
    assert.deepEqual([denied.Effect, denied.Principal, denied.Action], ["Deny", "*", "s3:*"]);
    assert.deepEqual(denied.Resource, [{ "Fn::GetAtt": `${id}.Arn` }, { "Fn::Sub": `\${${id}.Arn}/*` }]);
  });

  test(`${id} keeps versions and itself, and clears what is unfinished or outdated`, () => {
    assert.deepEqual(bucket.VersioningConfiguration, { Status: "Enabled" });
    assert.equal(resource.DeletionPolicy, "Retain");
    assert.equal(resource.UpdateReplacePolicy, "Retain");
    const rules = list(fields(bucket.LifecycleConfiguration).Rules).map((rule) => fields(rule));
    assert.ok(rules.every(({ Status }) => Status === "Enabled"));
    assert.ok(rules.some((rule) => "AbortIncompleteMultipartUpload" in rule));
    assert.ok(rules.some((rule) => "NoncurrentVersionExpiration" in rule));
    // A rule without a filter, for the whole bucket; and nothing current ever expires.
    assert.ok(rules.every((rule) => !("ExpirationInDays" in rule) && !("ExpirationDate" in rule)));
  });
}

test("uploads go straight to the queue, results to EventBridge", () => {
  const [configuration] = list(
    fields(properties("UploadsBucket").NotificationConfiguration).QueueConfigurations,
  );
  const { Event, Queue, Filter } = fields(configuration);
  assert.deepEqual([Event, Queue], ["s3:ObjectCreated:*", { "Fn::GetAtt": "UploadsQueue.Arn" }]);
  assert.match(JSON.stringify(Filter), /UploadsPrefix.*UploadsSuffix/);
  assert.deepEqual(properties("ResultsBucket").NotificationConfiguration, {
    EventBridgeConfiguration: { EventBridgeEnabled: true },
  });
});

test("the queue's policy names the very bucket that is made, though it exists before it", () => {
  const policy = fields(properties("UploadsQueuePolicy").PolicyDocument);
  const send = list(policy.Statement)
    .flatMap(branches)
    .map((statement) => fields(statement))
    .find(({ Sid }) => Sid === "UploadsBucketSends");
  const arn = fields(fields(fields(send).Condition).ArnEquals)["aws:SourceArn"];
  const [pattern, variables] = list(fields(arn)["Fn::Sub"]);
  const [name, nameVariables] = list(fields(properties("UploadsBucket").BucketName)["Fn::Sub"]);
  assert.equal(pattern, `arn:\${AWS::Partition}:s3:::${name as Value & string}`);
  assert.deepEqual(variables, nameVariables);
});
