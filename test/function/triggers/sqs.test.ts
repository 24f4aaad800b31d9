import assert from "node:assert/strict";
import { test } from "node:test";
import { ClassifierError } from "../../../src/function/errors.ts";
import { type SqsEvent, sqsTrigger } from "../../../src/function/triggers/sqs.ts";
import { sqsEvent } from "../harness.ts";
import { done } from "./done.ts";

const record = (key: string) => ({
  eventVersion: "2.1",
  eventSource: "aws:s3",
  eventName: "ObjectCreated:Put",
  s3: { bucket: { name: "uploads" }, object: { key } },
});
const eventBridge = (key: string, type = "Object Created") => ({
  source: "aws.s3",
  "detail-type": type,
  detail: { bucket: { name: "uploads" }, object: { key } },
});
const read = (...bodies: unknown[]) =>
  sqsTrigger
    .read(sqsEvent(bodies) as SqsEvent)
    .map(({ id, target }) => [id, target instanceof ClassifierError ? target.code : target.key]);

test("S3 and EventBridge bodies are read with the ids of their messages, keys as each writes them", () => {
  assert.deepEqual(read({ Records: [record("a+b"), record("c")] }, eventBridge("a+b")), [
    ["message-0", "a b"],
    ["message-0", "c"],
    ["message-1", "a+b"],
  ]);
});

test("a body that cannot be read is INVALID_EVENT under its message's id", () => {
  const bodies = [
    "no JSON",
    "",
    "null",
    "[]",
    '{"Records":[]}',
    '{"Records":[{"eventSource":"aws:ses"}]}',
    "5",
    { detail: {} },
  ];
  assert.deepEqual(
    read(...bodies),
    bodies.map((_, i) => [`message-${i}`, "INVALID_EVENT"]),
  );
});

test("the test event and events of other kinds ask for nothing", () => {
  assert.deepEqual(read({ Event: "s3:TestEvent" }, eventBridge("k", "Object Tags Added")), []);
});

test("a message without an id fails the whole batch, for it could not be reported", () => {
  const event = { Records: [{ eventSource: "aws:sqs", body: "{}" }] };
  assert.throws(() => sqsTrigger.read(event), { code: "INVALID_EVENT", message: /messageId/ });
});

test("only what must be repeated is answered: failed and unreadable, each message once", () => {
  const ends = [
    done("a", "classified"),
    done("b", "INVALID_IMAGE"),
    done("c", "superseded"),
    done("d", "FETCH_FAILED"),
    done("d", "DEADLINE_NEAR"),
    done("e", "INVALID_EVENT"),
    done("f", "classified"),
    done("f", "PUBLISH_FAILED"),
  ];
  assert.deepEqual(sqsTrigger.answer({ Records: [] }, ends), {
    batchItemFailures: [{ itemIdentifier: "d" }, { itemIdentifier: "e" }, { itemIdentifier: "f" }],
  });
  assert.deepEqual(sqsTrigger.answer({ Records: [] }, []), { batchItemFailures: [] });
});
