import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { SQSEvent } from "aws-lambda";
import {
  type EventSource,
  type EventSourceOptions,
  type FunctionAnswer,
  readFailures,
  startEventSource,
} from "../../src/local/event-source.ts";
import { Queue } from "../../src/local/queue.ts";

const BATCH = [{ messageId: "a" }, { messageId: "b" }];

function failedIds(answer: Partial<FunctionAnswer>, reportBatchItemFailures = true): string[] {
  return [
    ...readFailures({ requestId: "r-1", payload: "null", ...answer }, BATCH, reportBatchItemFailures).keys(),
  ];
}

for (const { title, payload, failed } of [
  { title: "an empty list", payload: '{"batchItemFailures":[]}', failed: [] },
  { title: "an answer without the list", payload: "{}", failed: [] },
  { title: "null", payload: "null", failed: [] },
  { title: "a list that is null", payload: '{"batchItemFailures":null}', failed: [] },
  { title: "one identifier", payload: '{"batchItemFailures":[{"itemIdentifier":"b"}]}', failed: ["b"] },
  {
    title: "one identifier twice",
    payload: '{"batchItemFailures":[{"itemIdentifier":"b"},{"itemIdentifier":"b"}]}',
    failed: ["b"],
  },
  {
    title: "an empty identifier",
    payload: '{"batchItemFailures":[{"itemIdentifier":""}]}',
    failed: ["a", "b"],
  },
  {
    title: "an identifier that is null",
    payload: '{"batchItemFailures":[{"itemIdentifier":null}]}',
    failed: ["a", "b"],
  },
  {
    title: "an item with another member",
    payload: '{"batchItemFailures":[{"messageId":"a"}]}',
    failed: ["a", "b"],
  },
  {
    title: "an identifier that is not of the batch",
    payload: '{"batchItemFailures":[{"itemIdentifier":"a"},{"itemIdentifier":"z"}]}',
    failed: ["a", "b"],
  },
  { title: "a list that is none", payload: '{"batchItemFailures":"a"}', failed: ["a", "b"] },
  { title: "an answer that is not JSON", payload: "<html>", failed: ["a", "b"] },
]) {
  test(`${title} fails ${failed.length === 0 ? "no message" : failed.join(" and ")}`, () => {
    assert.deepEqual(failedIds({ payload }), failed);
  });
}

test("a function error fails the whole batch with its type and message as the reason", () => {
  const payload = '{"errorType":"Sandbox.Timedout","errorMessage":"Task timed out"}';
  const failures = readFailures({ requestId: "r-1", payload, functionError: "Unhandled" }, BATCH, true);
  assert.deepEqual([...failures.keys()], ["a", "b"]);
  assert.equal(failures.get("a"), "Sandbox.Timedout: Task timed out (request r-1)");
});

test("without ReportBatchItemFailures a batch succeeds or fails as a whole", () => {
  assert.deepEqual(failedIds({ payload: '{"batchItemFailures":[{"itemIdentifier":"b"}]}' }, false), []);
  assert.deepEqual(failedIds({ payload: "{}", functionError: "Unhandled" }, false), ["a", "b"]);
});

/** A queue with an event source on it, closed with the test. */
function connect(
  t: TestContext,
  options: Partial<EventSourceOptions>,
): { queue: Queue; source: EventSource } {
  const queue = options.queue ?? new Queue({ visibilityTimeoutMs: 30_000, maxReceiveCount: 3 });
  const source = startEventSource({
    queue,
    queueArn: "arn:aws:sqs:eu-central-1:000000000000:uploads-queue",
    batchSize: 10,
    batchingWindowMs: 20,
    maximumConcurrency: 1,
    reportBatchItemFailures: true,
    invoke: () => Promise.resolve(answer([])),
    ...options,
  });
  t.after(() => source.close());
  return { queue, source };
}

function answer(failed: readonly string[]): FunctionAnswer {
  const batchItemFailures = failed.map((itemIdentifier) => ({ itemIdentifier }));
  return { requestId: "r-1", payload: JSON.stringify({ batchItemFailures }) };
}

/** Waits for a state that nothing announces; the test runner's timeout ends a wait in vain. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(2);
}

function isEmpty(queue: Queue): boolean {
  const { waiting, inFlight } = queue.counts();
  return waiting + inFlight === 0;
}

const LIMIT = { timeout: 10_000 };

test("a record has every member that SQS gives it", LIMIT, async (t) => {
  const events: SQSEvent[] = [];
  const { queue } = connect(t, {
    invoke(event) {
      events.push(event);
      return Promise.resolve(answer([]));
    },
  });
  const id = queue.send("body");
  await until(() => isEmpty(queue));
  const [record] = events[0]?.Records ?? [];
  assert.ok(record);
  const { attributes, receiptHandle, ...others } = record;
  assert.deepEqual(others, {
    messageId: id,
    body: "body",
    messageAttributes: {},
    md5OfBody: "841a2d689ad86bd1611447453c22c6fc",
    eventSource: "aws:sqs",
    eventSourceARN: "arn:aws:sqs:eu-central-1:000000000000:uploads-queue",
    awsRegion: "eu-central-1",
  });
  assert.equal(attributes.ApproximateReceiveCount, "1");
  assert.match(attributes.SentTimestamp, /^\d{13}$/);
  assert.match(attributes.ApproximateFirstReceiveTimestamp, /^\d{13}$/);
  assert.ok(receiptHandle.startsWith(id));
});

test(
  "messages that are sent within the window share a batch, which goes when it is full",
  LIMIT,
  async (t) => {
    const sizes: number[] = [];
    const { queue } = connect(t, {
      batchSize: 4,
      batchingWindowMs: 60_000,
      invoke({ Records }) {
        sizes.push(Records.length);
        return Promise.resolve(answer([]));
      },
    });
    queue.send("1");
    await sleep(10);
    for (const body of ["2", "3", "4", "5", "6", "7", "8"]) queue.send(body);
    await until(() => isEmpty(queue));
    assert.deepEqual(sizes, [4, 4]);
  },
);

test("a batch that does not fill goes when its window is over", LIMIT, async (t) => {
  const sizes: number[] = [];
  const { queue } = connect(t, {
    batchSize: 4,
    batchingWindowMs: 30,
    invoke({ Records }) {
      sizes.push(Records.length);
      return Promise.resolve(answer([]));
    },
  });
  queue.send("1");
  queue.send("2");
  await until(() => isEmpty(queue));
  assert.deepEqual(sizes, [2]);
});

test("closing ends the wait for a batch to fill, and that batch is still delivered", LIMIT, async (t) => {
  const sizes: number[] = [];
  const { queue, source } = connect(t, {
    batchingWindowMs: 60_000,
    invoke({ Records }) {
      sizes.push(Records.length);
      return Promise.resolve(answer([]));
    },
  });
  queue.send("1");
  await until(() => queue.counts().inFlight === 1);
  await source.close();
  assert.deepEqual(sizes, [1]);
  assert.ok(isEmpty(queue));
});

test("what the answer names comes back alone, and the others are gone", LIMIT, async (t) => {
  const batches: string[][] = [];
  const { queue } = connect(t, {
    retryDelayMs: 5,
    invoke({ Records }) {
      batches.push(Records.map(({ body }) => body));
      const isFirst = batches.length === 1;
      return Promise.resolve(
        answer(Records.filter(({ body }) => isFirst && body === "bad").map(({ messageId }) => messageId)),
      );
    },
  });
  for (const body of ["good", "bad", "fine"]) queue.send(body);
  await until(() => isEmpty(queue));
  assert.deepEqual(batches, [["good", "bad", "fine"], ["bad"]]);
});

test("a message that fails every time is given up, and the queue goes on", LIMIT, async (t) => {
  let attempts = 0;
  const { queue } = connect(t, {
    retryDelayMs: 1,
    batchingWindowMs: 0,
    batchSize: 1,
    invoke({ Records }) {
      const poison = Records.filter(({ body }) => body === "poison");
      attempts += poison.length;
      return Promise.resolve(answer(poison.map(({ messageId }) => messageId)));
    },
  });
  queue.send("poison");
  queue.send("good");
  await until(() => isEmpty(queue));
  assert.equal(attempts, 3);
  assert.deepEqual(
    queue.deadMessages.map(({ body, reason }) => ({ body, reason })),
    [{ body: "poison", reason: "The function reported it in batchItemFailures (request r-1)" }],
  );
});

test("an invocation that cannot be made fails its batch, and nothing is lost", LIMIT, async (t) => {
  let calls = 0;
  const { queue } = connect(t, {
    retryDelayMs: 1,
    invoke() {
      calls += 1;
      return calls === 1 ? Promise.reject(new Error("closed")) : Promise.resolve(answer([]));
    },
  });
  queue.send("body");
  await until(() => isEmpty(queue));
  assert.equal(calls, 2);
  assert.equal(queue.deadMessages.length, 0);
});

test("no more batches run at once than the maximum, which can be changed and paused", LIMIT, async (t) => {
  let running = 0;
  let most = 0;
  const gates: (() => void)[] = [];
  const { queue, source } = connect(t, {
    batchSize: 1,
    batchingWindowMs: 0,
    maximumConcurrency: 0,
    async invoke() {
      running += 1;
      most = Math.max(most, running);
      await new Promise<void>((resolve) => gates.push(resolve));
      running -= 1;
      return answer([]);
    },
  });
  for (const body of "abcdef") queue.send(body);
  await sleep(20);
  assert.equal(running, 0, "0 pauses it");
  source.setMaximumConcurrency(2);
  await until(() => running === 2);
  await sleep(20);
  assert.equal(running, 2);
  source.setMaximumConcurrency(3);
  await until(() => running === 3);
  while (!isEmpty(queue)) {
    gates.shift()?.();
    await sleep(2);
  }
  assert.equal(most, 3);
});

test("closing waits for the batch in progress and takes no other", LIMIT, async (t) => {
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  let calls = 0;
  const { queue, source } = connect(t, {
    batchSize: 1,
    batchingWindowMs: 0,
    async invoke() {
      calls += 1;
      await gate;
      return answer([]);
    },
  });
  queue.send("first");
  queue.send("second");
  await until(() => calls === 1);
  let isClosed = false;
  const closing = source.close().then(() => {
    isClosed = true;
  });
  await sleep(10);
  assert.equal(isClosed, false);
  open();
  await closing;
  assert.equal(calls, 1);
  assert.deepEqual(
    { ...queue.counts(), oldestAgeMs: 0 },
    { waiting: 1, inFlight: 0, dead: 0, oldestAgeMs: 0 },
  );
});
