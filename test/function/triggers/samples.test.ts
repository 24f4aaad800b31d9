import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ClassifierError } from "../../../src/function/errors.ts";
import { isFolderMarker } from "../../../src/function/image-ref.ts";
import { selectTrigger, TRIGGERS } from "../../../src/function/triggers/select.ts";
import { realData } from "../../real-data.ts";
import { PROJECT_DIR } from "../harness.ts";

const DIR = join(PROJECT_DIR, "events");
const uploads = (key: string, others: object = {}) => ({ bucket: "uploads", key, ...others });
const event = (key: string, sequencer: string) => uploads(key, { sequencer, sizeBytes: 50_000 });
const message = (n: number) => `00000000-0000-4000-8000-00000000000${n}`;

/** Each file: the beginning of its trigger's shape, and what it asks for as [id, upload or code]. */
const SAMPLES: Record<string, readonly [string, readonly (readonly [string, unknown])[]]> = {
  "s3-put.json": ["S3 notification", [["0", event("photo-1.jpg", "006600A1")]]],
  "s3-put-encoded-key.json": ["S3 notification", [["0", event("my pictures/café #1.jpg", "006600A2")]]],
  "s3-several-records.json": [
    "S3 notification",
    [
      ["0", event("photo-1.jpg", "006600A3")],
      ["1", event("document-1.png", "006600A4")],
      ["2", event("chart-1.png", "006600A5")],
    ],
  ],
  "s3-test-event.json": ["S3 notification", []],
  "eventbridge.json": ["EventBridge", [["0", event("photo-1.jpg", "006600A1")]]],
  "sqs-s3.json": [
    "SQS",
    [
      [message(1), event("photo-1.jpg", "006600A6")],
      [message(2), event("barcode-1.png", "006600A7")],
    ],
  ],
  "sqs-eventbridge.json": ["SQS", [[message(4), event("photo-1.jpg", "006600A1")]]],
  "sqs-poison.json": [
    "SQS",
    [
      [message(5), event("icon-1.png", "006600A8")],
      [message(6), "INVALID_EVENT"],
    ],
  ],
  "sqs-sns.json": ["SQS", [[message(7), event("photo-1.jpg", "006600A1")]]],
  "sns.json": ["SNS", [["00000000-0000-4000-8000-0000000000aa", event("photo-1.jpg", "006600A1")]]],
  "pipes-sqs.json": ["EventBridge Pipes", [[message(8), event("photo-1.jpg", "006600A1")]]],
  "batch-operations-1.0.json": ["S3 Batch Operations", [["task-1", uploads("photo-1.jpg")]]],
  "batch-operations-2.0.json": ["S3 Batch Operations", [["task-2", uploads("document-1.png")]]],
  "direct.json": ["direct", [["0", uploads("photo-1.jpg")]]],
};

test("every sample event is read here", () => {
  const events = readdirSync(DIR);
  assert.deepEqual(events.sort(), Object.keys(SAMPLES).sort());
});

for (const [file, [shape, expected]] of Object.entries(SAMPLES)) {
  const sample: unknown = JSON.parse(readFileSync(join(DIR, file), "utf8"));

  test(`events/${file} is of one shape only: ${shape}`, () => {
    assert.deepEqual(
      TRIGGERS.filter((trigger) => trigger.matches(sample)),
      [selectTrigger(sample)],
    );
    assert.ok(selectTrigger(sample).shape.startsWith(shape));
  });

  test(`events/${file} asks for ${expected.length} uploads or errors, with their ids`, () => {
    const tasks = selectTrigger(sample).read(sample);
    assert.deepEqual(
      tasks.map(({ id, target }) => [id, target instanceof ClassifierError ? target.code : target]),
      expected,
    );
  });
}

const odd = realData("odd/events");
test("events of other ways from S3 to here are read, and a folder's marker is known as one", {
  skip: odd === undefined && "needs odd/events",
}, () => {
  for (const file of readdirSync(odd ?? "")) {
    const sample: unknown = JSON.parse(readFileSync(join(odd ?? "", file), "utf8"));
    const tasks = selectTrigger(sample).read(sample);
    const [{ target } = assert.fail(file), ...others] = tasks;
    assert.ok(!(target instanceof ClassifierError) && others.length === 0, file);
    assert.equal(isFolderMarker(target), file.startsWith("s3-folder-marker"), file);
    if (!isFolderMarker(target)) assert.equal(target.key, "photo-1.jpg", file);
  }
});

test("an SNS notification around something else is unreadable, with its message's id", () => {
  const sample = {
    Records: [{ EventSource: "aws:sns", Sns: { MessageId: "id-1", Message: '{"hello": 1}' } }],
  };
  const [task] = selectTrigger(sample).read(sample);
  assert.equal(task?.id, "id-1");
  assert.ok(task?.target instanceof ClassifierError && task.target.message.includes("SNS notification id-1"));
});
