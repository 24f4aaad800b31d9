import assert from "node:assert/strict";
import { test } from "node:test";
import { branches, type Fields, fields, list, ofType, properties, template, type Value } from "./read.ts";

const buckets = ofType("AWS::S3::Bucket");
const ids = buckets.map(([id]) => id);

function statementsOf(bucket: string): readonly Fields[] {
  return ofType("AWS::S3::BucketPolicy")
    .filter(([, policy]) => fields(policy.Bucket).Ref === bucket)
    .flatMap(([, policy]) => list(fields(policy.PolicyDocument).Statement))
    .map((statement) => fields(statement));
}

test("there are buckets of uploads, of results, and of reports, whose names no result can take", () => {
  assert.deepEqual(ids.sort(), ["ReportsBucket", "ResultsBucket", "UploadsBucket"]);
  const { Bucket } = JSON.parse(
    /--report '([^']+)'/
      .exec(JSON.stringify(fields(fields(template.Outputs).BackfillCommand).Value))?.[1]
      ?.replaceAll('\\"', '"') ?? "{}",
  );
  assert.equal(Bucket, `\${ReportsBucket.Arn}`);
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

test("bucket names end with the parts of the stack's id that tell stacks of one region apart", () => {
  // Two stacks that were made within a minute: time, time, version and time, clock, machine.
  const made = (id: string) => `arn:aws:cloudformation:eu-central-1:123456789012:stack/name/${id}`;
  const stacks = ["9c9a3f60-caa1-11f0-a5ff-02a3f3b1e7d9", "bd1f2c40-caa1-11f0-a5ff-02a3f3b1e7d9"].map(made);
  for (const [id, bucket] of buckets) {
    const [, variables] = list(fields(bucket.BucketName)["Fn::Sub"]);
    const suffixes = stacks.map((stackId) => evaluate(fields(variables).StackSuffix, stackId));
    assert.deepEqual(suffixes, ["9c9a3f60caa1", "bd1f2c40caa1"], id);
  }
});

/** `Fn::Join`, `Fn::Select` and `Fn::Split` of the stack's id. */
function evaluate(value: Value | undefined, stackId: string): Value {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return value ?? "";
  const [[name, argument] = []] = Object.entries(value as Fields);
  const [first, second] = list(argument).map((operand) =>
    Array.isArray(operand) ? operand.map((item) => evaluate(item, stackId)) : evaluate(operand, stackId),
  );
  if (name === "Fn::Join") return list(second).join(String(first));
  if (name === "Fn::Split") return String(second).split(String(first));
  if (name === "Fn::Select") return list(second)[Number(first)] ?? "";
  assert.deepEqual(value, { Ref: "AWS::StackId" });
  return stackId;
}

test("uploads go straight to the queue, and their removal where results are to go with them", () => {
  const given = list(fields(properties("UploadsBucket").NotificationConfiguration).QueueConfigurations);
  const events = given.map((configuration) => {
    const [configured = {}] = branches(configuration);
    const { Event, Queue, Filter } = fields(configured);
    assert.deepEqual(Queue, { "Fn::GetAtt": "UploadsQueue.Arn" });
    assert.match(JSON.stringify(Filter), /UploadsPrefix.*UploadsSuffix/);
    return [Event, list(fields(configuration)["Fn::If"])[0]];
  });
  assert.deepEqual(events, [
    ["s3:ObjectCreated:*", undefined],
    ["s3:ObjectRemoved:*", "RemovesResults"],
    ["s3:LifecycleExpiration:*", "RemovesResults"],
  ]);
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
