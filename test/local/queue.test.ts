import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { type DeadMessage, Queue, type QueueCounts, type ReceivedMessage } from "../../src/local/queue.ts";

const VISIBILITY_MS = 30_000;

/** A queue whose clock stands still until it is moved. */
function createQueue(maxReceiveCount = 5) {
  let time = 1_000_000;
  const queue = new Queue({ visibilityTimeoutMs: VISIBILITY_MS, maxReceiveCount, now: () => time });
  return {
    queue,
    pass(ms: number) {
      time += ms;
    },
  };
}

function receiveOne(queue: Queue): ReceivedMessage {
  const [message, ...others] = queue.receive(10);
  assert.ok(message, "a message is visible");
  assert.equal(others.length, 0);
  return message;
}

test("a received message carries its body, the body's MD5 and the times SQS reports", () => {
  const { queue, pass } = createQueue();
  const id = queue.send("héllo");
  pass(70);
  const message = receiveOne(queue);
  assert.equal(message.messageId, id);
  assert.equal(message.body, "héllo");
  assert.equal(message.md5OfBody, createHash("md5").update("héllo").digest("hex"));
  assert.equal(message.receiveCount, 1);
  assert.equal(message.sentAt, 1_000_000);
  assert.equal(message.firstReceivedAt, 1_000_070);
});

test("receive hands out at most so many messages and hides them from the next receive", () => {
  const { queue } = createQueue();
  for (let index = 0; index < 15; index++) queue.send(String(index));
  const first = queue.receive(10);
  const second = queue.receive(10);
  assert.equal(first.length, 10);
  assert.equal(second.length, 5);
  assert.equal(queue.receive(10).length, 0);
  assert.equal(new Set([...first, ...second].map(({ body }) => body)).size, 15);
});

test("a message that is not deleted comes back after the visibility timeout, counted once more", () => {
  const { queue, pass } = createQueue();
  queue.send("body");
  const first = receiveOne(queue);
  pass(VISIBILITY_MS - 1);
  assert.equal(queue.receive(1).length, 0);
  assert.equal(queue.msUntilVisible(), 1);
  pass(1);
  const second = receiveOne(queue);
  assert.equal(second.messageId, first.messageId);
  assert.notEqual(second.receiptHandle, first.receiptHandle);
  assert.equal(second.receiveCount, 2);
  assert.equal(second.firstReceivedAt, first.firstReceivedAt);
});

test("a deleted message does not come back", () => {
  const { queue, pass } = createQueue();
  queue.send("body");
  queue.delete(receiveOne(queue).receiptHandle);
  pass(VISIBILITY_MS);
  assert.equal(queue.receive(1).length, 0);
  assert.deepEqual(queue.counts(), { waiting: 0, inFlight: 0, dead: 0, oldestAgeMs: 0 });
  assert.ok(queue.isEmpty);
  assert.equal(queue.msUntilVisible(), undefined);
});

test("a receipt handle from before a later receive neither deletes nor releases the message", () => {
  const { queue, pass } = createQueue();
  queue.send("body");
  const stale = receiveOne(queue);
  pass(VISIBILITY_MS);
  receiveOne(queue);
  queue.delete(stale.receiptHandle);
  queue.fail(stale.receiptHandle, "late", 0);
  assert.equal(queue.counts().inFlight, 1);
  assert.equal(queue.receive(1).length, 0);
});

test("an unknown or malformed receipt handle changes nothing", () => {
  const { queue } = createQueue();
  queue.send("body");
  for (const handle of ["", "/", "no-slash", "unknown/handle"]) {
    queue.delete(handle);
    queue.fail(handle, "reason", 0);
  }
  assert.equal(queue.counts().waiting, 1);
});

test("a failed message stays hidden for the rest of its visibility timeout, or for the time that is given", () => {
  const { queue, pass } = createQueue();
  queue.send("body");
  queue.fail(receiveOne(queue).receiptHandle, "first");
  assert.equal(queue.msUntilVisible(), VISIBILITY_MS);
  pass(VISIBILITY_MS);
  queue.fail(receiveOne(queue).receiptHandle, "second", 200);
  assert.equal(queue.msUntilVisible(), 200);
  pass(200);
  assert.equal(receiveOne(queue).receiveCount, 3);
});

test("after five receives the message moves to the dead-letter queue instead of a sixth receive", () => {
  const { queue, pass } = createQueue(5);
  const dead: DeadMessage[] = [];
  queue.events.on("dead", (message) => dead.push(message));
  const id = queue.send("poison");
  for (let attempt = 1; attempt <= 5; attempt++) {
    const message = receiveOne(queue);
    assert.equal(message.receiveCount, attempt);
    queue.fail(message.receiptHandle, `attempt ${attempt}`, 0);
    assert.equal(dead.length, 0, "the last attempt may still succeed");
  }
  pass(1);
  queue.send("other");
  assert.equal(receiveOne(queue).body, "other");
  assert.deepEqual(dead, [
    {
      messageId: id,
      body: "poison",
      sentAt: 1_000_000,
      deadAt: 1_000_001,
      receiveCount: 5,
      reason: "attempt 5",
    },
  ]);
  assert.deepEqual(queue.deadMessages, dead);
  assert.equal(queue.counts().dead, 1);
});

test("a message of which nobody said why it failed is buried with that as the reason", () => {
  const { queue, pass } = createQueue(1);
  queue.send("body");
  receiveOne(queue);
  pass(VISIBILITY_MS);
  queue.receive(1);
  assert.equal(queue.deadMessages[0]?.reason, "not deleted within the visibility timeout");
});

test("a message that came back too often goes to the next queue, keeps id and enqueue time, and is counted anew", () => {
  let time = 1_000_000;
  const options = { visibilityTimeoutMs: VISIBILITY_MS, now: () => time };
  const isolation = new Queue({ ...options, maxReceiveCount: 3 });
  const uploads = new Queue({ ...options, maxReceiveCount: 2, redriveTo: isolation });
  const id = uploads.send("poison");
  for (let attempt = 1; attempt <= 2; attempt++) {
    uploads.fail(receiveOne(uploads).receiptHandle, "killed", 0);
    assert.ok(isolation.isEmpty, "the last attempt may still succeed");
  }
  time += 10;
  assert.deepEqual(uploads.receive(10), []);
  assert.ok(uploads.isEmpty);
  for (let attempt = 1; attempt <= 3; attempt++) {
    const { messageId, receiveCount, sentAt, firstReceivedAt, receiptHandle } = receiveOne(isolation);
    assert.deepEqual(
      { messageId, receiveCount, sentAt, firstReceivedAt },
      { messageId: id, receiveCount: attempt, sentAt: 1_000_000, firstReceivedAt: time },
    );
    isolation.fail(receiptHandle, "killed again", 0);
  }
  assert.deepEqual(isolation.receive(10), []);
  assert.deepEqual(uploads.deadMessages, []);
  assert.deepEqual(isolation.deadMessages, [
    {
      messageId: id,
      body: "poison",
      sentAt: 1_000_000,
      deadAt: time,
      receiveCount: 5,
      reason: "killed again",
    },
  ]);
  assert.equal(isolation.redrive(uploads), 1);
  assert.equal(receiveOne(uploads).receiveCount, 1);
});

test("a queue that is moved to announces it", () => {
  const { queue: isolation } = createQueue();
  const uploads = new Queue({ visibilityTimeoutMs: VISIBILITY_MS, maxReceiveCount: 1, redriveTo: isolation });
  let changes = 0;
  isolation.events.on("change", () => {
    changes += 1;
  });
  uploads.send("body");
  uploads.fail(receiveOne(uploads).receiptHandle, "failed", 0);
  uploads.receive(1);
  assert.equal(changes, 1);
  assert.equal(isolation.counts().waiting, 1);
});

test("redrive sends every dead message again as a new message with no receives", () => {
  const { queue } = createQueue(1);
  const ids = ["a", "b"].map((body) => queue.send(body));
  for (const { receiptHandle } of queue.receive(10)) queue.fail(receiptHandle, "broken", 0);
  assert.equal(queue.receive(10).length, 0);
  assert.equal(queue.redrive(), 2);
  assert.equal(queue.deadMessages.length, 0);
  const again = queue.receive(10);
  assert.deepEqual(
    again.map(({ body, receiveCount }) => ({ body, receiveCount })),
    [
      { body: "a", receiveCount: 1 },
      { body: "b", receiveCount: 1 },
    ],
  );
  assert.ok(again.every(({ messageId }) => !ids.includes(messageId)));
  assert.equal(queue.redrive(), 0);
});

test("counts tell waiting, in flight and dead apart, and the age of the oldest that is not dead", () => {
  const { queue, pass } = createQueue(1);
  queue.send("dead");
  queue.fail(receiveOne(queue).receiptHandle, "broken", 0);
  queue.receive(1);
  pass(500);
  queue.send("in flight");
  receiveOne(queue);
  pass(250);
  queue.send("waiting");
  assert.deepEqual(queue.counts(), { waiting: 1, inFlight: 1, dead: 1, oldestAgeMs: 250 });
});

test("every change of the counts is announced", () => {
  const { queue } = createQueue();
  const seen: Omit<QueueCounts, "oldestAgeMs">[] = [];
  queue.events.on("change", ({ oldestAgeMs: _, ...counts }) => seen.push(counts));
  queue.send("body");
  const message = receiveOne(queue);
  queue.receive(1);
  queue.delete(message.receiptHandle);
  assert.deepEqual(seen, [
    { waiting: 1, inFlight: 0, dead: 0 },
    { waiting: 0, inFlight: 1, dead: 0 },
    { waiting: 0, inFlight: 0, dead: 0 },
  ]);
});
