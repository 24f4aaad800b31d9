// biome-ignore-all lint/suspicious/noTemplateCurlyInString: CloudFormation fills these in
import assert from "node:assert/strict";
import { test } from "node:test";
import { branches, type Fields, fields, list, ofType, parameters, properties } from "./read.ts";

const queues = ofType("AWS::SQS::Queue");
const statements: readonly Fields[] = ofType("AWS::SQS::QueuePolicy")
  .flatMap(([, policy]) => list(fields(policy.PolicyDocument).Statement))
  .flatMap(branches)
  .map((statement) => fields(statement));

const eventSources = Object.values(fields(properties("ClassifierFunction").Events)).map((source) =>
  fields(fields(source).Properties),
);
const sourceOf = (queue: string) =>
  eventSources.find(({ Queue }) => fields(Queue)["Fn::GetAtt"] === `${queue}.Arn`) ?? {};

test("a message stays invisible for six timeouts of the function and the longest batching window", () => {
  const timeout = Number(properties("ClassifierFunction").Timeout);
  const window = Number(fields(parameters.BatchingWindowSeconds).MaxValue);
  for (const [id, needed] of [
    ["UploadsQueue", 6 * timeout + window],
    ["IsolationQueue", 6 * timeout],
  ] as const) {
    const { VisibilityTimeout } = properties(id);
    assert.ok(
      Number(VisibilityTimeout) >= needed,
      `${id}: VisibilityTimeout ${VisibilityTimeout} < ${needed}`,
    );
  }
});

test("an upload that came back twice is isolated, and only what is tried alone becomes a dead letter", () => {
  const { deadLetterTargetArn, maxReceiveCount } = fields(properties("UploadsQueue").RedrivePolicy);
  assert.deepEqual(deadLetterTargetArn, { "Fn::GetAtt": "IsolationQueue.Arn" });
  assert.equal(maxReceiveCount, 2);
  const isolation = fields(properties("IsolationQueue").RedrivePolicy);
  assert.deepEqual(isolation.deadLetterTargetArn, { "Fn::GetAtt": "UploadsDeadLetterQueue.Arn" });
  // Also if SQS goes on counting in the second queue, two attempts alone come before the last.
  assert.ok(Number(isolation.maxReceiveCount) - Number(maxReceiveCount) >= 3);
  const feeds = queues.filter(([, { RedrivePolicy }]) =>
    JSON.stringify(RedrivePolicy ?? "").includes("UploadsDeadLetterQueue"),
  );
  assert.deepEqual(
    feeds.map(([id]) => id),
    ["IsolationQueue"],
  );
});

test("each queue keeps messages longer than the one before it, as SQS counts from the first enqueueing", () => {
  const days = ["UploadsQueue", "IsolationQueue", "UploadsDeadLetterQueue"].map(
    (id) => Number(properties(id).MessageRetentionPeriod) / 86_400,
  );
  assert.deepEqual(days, [12, 13, 14]);
});

test("the function takes batches from the queue and gives back what failed alone", () => {
  const event = sourceOf("UploadsQueue");
  assert.deepEqual(event.BatchSize, { Ref: "BatchSize" });
  assert.deepEqual(event.FunctionResponseTypes, ["ReportBatchItemFailures"]);
  assert.deepEqual(event.ScalingConfig, { MaximumConcurrency: { Ref: "MaximumConcurrency" } });
});

test("the function takes isolated uploads one an invocation, without waiting", () => {
  const event = sourceOf("IsolationQueue");
  assert.equal(event.BatchSize, 1);
  assert.equal(event.MaximumBatchingWindowInSeconds, undefined);
  assert.deepEqual(event.FunctionResponseTypes, ["ReportBatchItemFailures"]);
  assert.deepEqual(event.ScalingConfig, { MaximumConcurrency: { Ref: "MaximumConcurrency" } });
});

test("what EventBridge cannot deliver is tried alone, and becomes a dead letter that SQS can move back", () => {
  const [target] = list(properties("ExistingBucketRule").Targets);
  assert.deepEqual(fields(fields(target).DeadLetterConfig).Arn, { "Fn::GetAtt": "IsolationQueue.Arn" });
  // Of a queue that is not fed by another queue, `start-message-move-task` moves nothing.
  const sent = statements.filter(
    ({ Effect, Resource }) =>
      Effect === "Allow" && fields(Resource)["Fn::GetAtt"] === "UploadsDeadLetterQueue.Arn",
  );
  assert.deepEqual(sent, []);
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
