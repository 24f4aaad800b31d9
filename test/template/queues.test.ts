// biome-ignore-all lint/suspicious/noTemplateCurlyInString: CloudFormation fills these in
import assert from "node:assert/strict";
import { test } from "node:test";
import { branches, type Fields, fields, list, ofType, parameters, properties } from "./read.ts";

const queues = ofType("AWS::SQS::Queue");
const statements: readonly Fields[] = ofType("AWS::SQS::QueuePolicy")
  .flatMap(([, policy]) => list(fields(policy.PolicyDocument).Statement))
  .flatMap(branches)
  .map((statement) => fields(statement));

test("a message stays invisible for six timeouts of the function and the longest batching window", () => {
  const { VisibilityTimeout } = properties("UploadsQueue");
  const { Timeout } = properties("ClassifierFunction");
  const { MaxValue } = fields(parameters.BatchingWindowSeconds);
  assert.ok(
    Number(VisibilityTimeout) >= 6 * Number(Timeout) + Number(MaxValue),
    `VisibilityTimeout ${VisibilityTimeout} < 6 × ${Timeout} + ${MaxValue}`,
  );
});

test("an upload is tried at least five times before it becomes a dead letter, and that is kept for two weeks", () => {
  const { deadLetterTargetArn, maxReceiveCount } = fields(properties("UploadsQueue").RedrivePolicy);
  assert.deepEqual(deadLetterTargetArn, { "Fn::GetAtt": "UploadsDeadLetterQueue.Arn" });
  assert.ok(Number(maxReceiveCount) >= 5);
  assert.equal(properties("UploadsDeadLetterQueue").MessageRetentionPeriod, 14 * 24 * 60 * 60);
});

test("the function takes batches from the queue and gives back what failed alone", () => {
  const { Uploads } = fields(properties("ClassifierFunction").Events);
  const event = fields(fields(Uploads).Properties);
  assert.deepEqual(event.Queue, { "Fn::GetAtt": "UploadsQueue.Arn" });
  assert.deepEqual(event.FunctionResponseTypes, ["ReportBatchItemFailures"]);
  assert.deepEqual(event.ScalingConfig, { MaximumConcurrency: { Ref: "MaximumConcurrency" } });
});

test("asynchronous events that failed go to a queue of their own", () => {
  const { MaximumRetryAttempts, DestinationConfig } = fields(
    properties("ClassifierFunction").EventInvokeConfig,
  );
  assert.equal(MaximumRetryAttempts, 2);
  assert.deepEqual(fields(DestinationConfig).OnFailure, {
    Type: "SQS",
    Destination: { "Fn::GetAtt": "AsynchronousFailuresQueue.Arn" },
  });
});

for (const [id, queue] of queues) {
  test(`${id} is encrypted, with the key that was given or SQS's own`, () => {
    assert.deepEqual(queue.KmsMasterKeyId, {
      "Fn::If": ["HasKmsKey", { Ref: "KmsKeyArn" }, { Ref: "AWS::NoValue" }],
    });
    assert.deepEqual(queue.SqsManagedSseEnabled, { "Fn::If": ["HasKmsKey", { Ref: "AWS::NoValue" }, true] });
  });

  test(`${id} refuses requests without TLS`, () => {
    const denied = statements.find(
      ({ Sid, Resource }) =>
        Sid === "DenyInsecureTransport" && fields(Resource)["Fn::GetAtt"] === `${id}.Arn`,
    );
    assert.ok(denied, "no statement denies insecure transport");
    assert.deepEqual(denied.Condition, { Bool: { "aws:SecureTransport": false } });
    assert.deepEqual([denied.Effect, denied.Principal, denied.Action], ["Deny", "*", "sqs:*"]);
  });
}

test("only a bucket or rule of this account that is named sends to a queue", () => {
  const senders = statements.filter(({ Effect }) => Effect === "Allow");
  assert.equal(senders.length, 3);
  for (const { Sid, Action, Condition } of senders) {
    assert.equal(Action, "sqs:SendMessage", String(Sid));
    const { StringEquals, ArnEquals } = fields(Condition);
    assert.deepEqual(StringEquals, { "aws:SourceAccount": { Ref: "AWS::AccountId" } }, String(Sid));
    assert.ok(fields(ArnEquals)["aws:SourceArn"], String(Sid));
  }
});

test("uploads to an existing bucket come by EventBridge, filtered by the same prefix and suffix", () => {
  const { EventPattern, Targets } = properties("ExistingBucketRule");
  assert.deepEqual(fields(fields(EventPattern).detail), {
    bucket: { name: [{ Ref: "ExistingUploadsBucket" }] },
    object: { key: [{ wildcard: { "Fn::Sub": "${UploadsPrefix}*${UploadsSuffix}" } }] },
  });
  assert.deepEqual(fields(list(Targets)[0]).Arn, { "Fn::GetAtt": "UploadsQueue.Arn" });
});
