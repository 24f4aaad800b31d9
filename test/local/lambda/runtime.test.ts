import assert from "node:assert/strict";
import { test } from "node:test";
import { isRunning, startSource, until } from "./harness.ts";

const LIMIT = { timeout: 60_000 };
const ECHO = "export const handler = async (event) => event;";

test(
  "a cold start runs INIT once, before the first event, and reports it with that event alone",
  LIMIT,
  async (t) => {
    const runtime = await startSource(t, `console.log("init"); ${ECHO}`);
    assert.equal((await runtime.invoke({ n: 1 })).payload, '{"n":1}');
    assert.equal((await runtime.invoke({ n: 2 })).payload, '{"n":2}');
    const [first, second] = runtime.reports;
    assert.ok(first?.initDurationMs !== undefined && first.initDurationMs > 0);
    assert.ok(first.billedDurationMs >= first.durationMs + first.initDurationMs);
    assert.equal(second?.initDurationMs, undefined);
    assert.equal(runtime.lines.filter(({ line }) => line.includes("init")).length, 1);
    await until(() => runtime.environments()[0]?.state === "idle");
    assert.deepEqual(
      runtime.states.map(({ state }) => state),
      ["starting", "idle", "busy", "idle", "busy", "idle"],
    );
  },
);

test("the log has START, the function's lines, END and REPORT, in this order", LIMIT, async (t) => {
  const runtime = await startSource(
    t,
    `export const handler = async () => { process.stdout.write("out\\n"); process.stderr.write("err\\n"); };`,
  );
  const { requestId } = await runtime.invoke({});
  const ours = runtime.lines.filter((line) => line.requestId === requestId);
  const platform = ours.filter(({ source }) => source === "platform").map(({ line }) => line);
  assert.equal(platform[0], `START RequestId: ${requestId} Version: $LATEST`);
  assert.equal(platform[1], `END RequestId: ${requestId}`);
  assert.match(
    platform[2] ?? "",
    /^REPORT RequestId: \S+\tDuration: [\d.]+ ms\tBilled Duration: \d+ ms\tMemory Size: 512 MB\tMax Memory Used: \d+ MB\tInit Duration: [\d.]+ ms$/,
  );
  const order = ours.map(({ source, line }) => (source === "platform" ? line.split(" ")[0] : line));
  assert.equal(order[0], "START");
  assert.deepEqual(order.slice(-2), ["END", "REPORT"]);
  assert.deepEqual(order.slice(1, -2).sort(), ["err", "out"]);
});

test("in JSON the platform's lines are objects, and the report says how it ended", LIMIT, async (t) => {
  const runtime = await startSource(t, ECHO, { logFormat: "JSON" });
  const { requestId } = await runtime.invoke({});
  const [start, report] = runtime.platformLines().map((line) => JSON.parse(line));
  assert.equal(start.type, "platform.start");
  assert.equal(report.type, "platform.report");
  assert.equal(report.record.requestId, requestId);
  assert.equal(report.record.status, "success");
  assert.equal(report.record.metrics.memorySizeMB, 512);
});

/** Answers with when it began and ended, on one clock for all processes. */
const SPAN = `
import { setTimeout as sleep } from "node:timers/promises";
const now = () => Number(process.hrtime.bigint() / 1000n);
export const handler = async () => {
  const from = now();
  await sleep(60);
  return { from, to: now(), pid: process.pid };
};`;

interface Span {
  readonly from: number;
  readonly to: number;
  readonly pid: number;
}

test(
  "an environment takes one event at a time, and no more than the concurrency are made",
  LIMIT,
  async (t) => {
    const runtime = await startSource(t, SPAN, { concurrency: 2 });
    const answers = await Promise.all(Array.from({ length: 6 }, () => runtime.invoke({})));
    const spans = answers.map(({ payload }) => JSON.parse(payload) as Span);
    assert.equal(new Set(spans.map(({ pid }) => pid)).size, 2);
    for (const [index, one] of spans.entries()) {
      for (const other of spans.slice(index + 1).filter(({ pid }) => pid === one.pid)) {
        assert.ok(one.to <= other.from || other.to <= one.from, "two events overlap in one environment");
      }
    }
  },
);

test("an environment is used again, with the state that its module keeps", LIMIT, async (t) => {
  const runtime = await startSource(t, "let calls = 0; export const handler = async () => ++calls;");
  for (const calls of ["1", "2", "3"]) assert.equal((await runtime.invoke({})).payload, calls);
  assert.equal(runtime.environments().length, 1);
  assert.equal(runtime.environments()[0]?.invocations, 3);
});

test(
  "an error of the handler is answered with its type and message, and the environment lives on",
  LIMIT,
  async (t) => {
    const runtime = await startSource(
      t,
      `export const handler = async ({ fail }) => { if (fail) throw new RangeError("too far"); return "fine"; };`,
    );
    const failed = await runtime.invoke({ fail: true });
    assert.equal(failed.functionError, "Unhandled");
    const { errorType, errorMessage } = JSON.parse(failed.payload);
    assert.deepEqual({ errorType, errorMessage }, { errorType: "RangeError", errorMessage: "too far" });
    assert.equal(failed.report.status, "error");
    assert.equal((await runtime.invoke({})).payload, '"fine"');
    assert.equal(runtime.environments().length, 1);
  },
);

test(
  "an invocation that outlasts the timeout is killed, and the next event gets a new environment",
  LIMIT,
  async (t) => {
    const runtime = await startSource(
      t,
      `export const handler = async ({ hang }) => { if (hang) for (;;); return process.pid; };`,
      { timeoutSeconds: 2 },
    );
    await runtime.prewarm(1);
    const first = runtime.environments()[0]?.pid;
    const hung = await runtime.invoke({ hang: true });
    assert.equal(JSON.parse(hung.payload).errorType, "Sandbox.Timedout");
    assert.match(JSON.parse(hung.payload).errorMessage, /Task timed out after 2\.00 seconds$/);
    assert.equal(hung.report.status, "timeout");
    await runtime.prewarm(1);
    assert.notEqual(JSON.parse((await runtime.invoke({})).payload), first);
  },
);

test("a process that takes more than its memory is killed as out of memory", LIMIT, async (t) => {
  const runtime = await startSource(
    t,
    `const kept = [];
     export const handler = async () => {
       for (;;) { kept.push(Buffer.alloc(8_388_608, 1)); await new Promise((done) => setTimeout(done, 5)); }
     };`,
    { memoryMb: 128 },
  );
  const { payload, report } = await runtime.invoke({});
  assert.equal(JSON.parse(payload).errorType, "Runtime.OutOfMemory");
  assert.equal(report.maxMemoryUsedMb, 128, "never more than the limit is shown");
  await until(() => runtime.environments().some(({ state }) => state === "dead"));
  assert.match(runtime.environments()[0]?.reason ?? "", /^out of memory: \d+ MB of 128 MB$/);
});

test("a process that ends during an event fails that event, and the next one is served", LIMIT, async (t) => {
  const runtime = await startSource(
    t,
    `export const handler = async ({ code }) => { if (code) process.exit(code); return "served"; };`,
  );
  const crashed = await runtime.invoke({ code: 3 });
  const { errorType, errorMessage } = JSON.parse(crashed.payload);
  assert.equal(errorType, "Runtime.ExitError");
  assert.equal(
    errorMessage,
    `RequestId: ${crashed.requestId} Error: Runtime exited with error: exit status 3`,
  );
  assert.equal((await runtime.invoke({})).payload, '"served"');
  await until(() => runtime.environments()[1]?.state === "idle");
  assert.deepEqual(
    runtime.environments().map(({ id, state }) => [id, state]),
    [
      ["env-1", "dead"],
      ["env-2", "idle"],
    ],
  );
});

test("an environment that is killed while idle is replaced when an event needs it", LIMIT, async (t) => {
  const runtime = await startSource(t, ECHO);
  await runtime.prewarm(1);
  assert.equal(runtime.kill("env-1"), true);
  assert.equal(runtime.kill("env-9"), false);
  assert.equal((await runtime.invoke("again")).payload, '"again"');
});

test(
  "a failed INIT is tried once more with the event, whose error then names the cause",
  LIMIT,
  async (t) => {
    const runtime = await startSource(t, `throw new TypeError("no model"); ${ECHO}`);
    const { payload, functionError } = await runtime.invoke({});
    assert.equal(functionError, "Unhandled");
    const { errorType, errorMessage } = JSON.parse(payload);
    assert.deepEqual({ errorType, errorMessage }, { errorType: "TypeError", errorMessage: "no model" });
    const phases = runtime
      .platformLines()
      .flatMap((line) => /^INIT_REPORT .*Phase: (\w+)/.exec(line)?.[1] ?? []);
    assert.deepEqual(phases, ["init", "invoke"]);
    await assert.rejects(runtime.prewarm(1), /TypeError: no model/);
  },
);

test("an INIT that takes too long is ended", LIMIT, async (t) => {
  const runtime = await startSource(t, `await new Promise((done) => setTimeout(done, 1e6)); ${ECHO}`, {
    initTimeoutMs: 300,
  });
  await assert.rejects(runtime.prewarm(1), /Sandbox\.Timedout: INIT should take at most 0\.3 s/);
});

test("EMF lines are announced as documents, other lines are not", LIMIT, async (t) => {
  const runtime = await startSource(
    t,
    `export const handler = async () => {
       process.stdout.write('{"_aws":{"Timestamp":1,"CloudWatchMetrics":[]},"N":2}\\n{"plain":true}\\nnot JSON\\n');
     };`,
  );
  const documents: unknown[] = [];
  runtime.events.on("emf", ({ document }) => documents.push(document));
  await runtime.invoke({});
  assert.deepEqual(documents, [{ _aws: { Timestamp: 1, CloudWatchMetrics: [] }, N: 2 }]);
});

test("the function sees Lambda's variables and its own, and none of this process", LIMIT, async (t) => {
  process.env.LEAKED_FROM_PARENT = "1";
  t.after(() => delete process.env.LEAKED_FROM_PARENT);
  const runtime = await startSource(t, "export const handler = async () => process.env;", {
    environment: { OWN: "yes" },
  });
  const seen = JSON.parse((await runtime.invoke({})).payload) as Record<string, string>;
  assert.equal(seen.OWN, "yes");
  assert.equal(seen.LEAKED_FROM_PARENT, undefined);
  assert.equal(seen.AWS_LAMBDA_FUNCTION_MEMORY_SIZE, "512");
  assert.equal(seen._HANDLER, "index.handler");
});

test("the handler's context knows the request and the time that is left", LIMIT, async (t) => {
  const runtime = await startSource(
    t,
    "export const handler = async (_, context) => [context.awsRequestId, context.getRemainingTimeInMillis()];",
    { timeoutSeconds: 60 },
  );
  const { requestId, payload } = await runtime.invoke({});
  const [id, left] = JSON.parse(payload);
  assert.equal(id, requestId);
  assert.ok(left > 0 && left <= 60_000, `${left} ms`);
});

test("new settings end the old environments, after the event that they work on", LIMIT, async (t) => {
  const runtime = await startSource(t, "export const handler = async () => process.env.COLOUR;", {
    environment: { COLOUR: "red" },
  });
  const working = runtime.invoke({});
  await until(() => runtime.environments()[0]?.state === "busy");
  runtime.configure({ environment: { COLOUR: "blue" } });
  assert.equal((await working).payload, '"red"');
  assert.equal((await runtime.invoke({})).payload, '"blue"');
});

test("closing ends the processes and what they started, and refuses further events", LIMIT, async (t) => {
  const runtime = await startSource(
    t,
    `import { spawn } from "node:child_process";
     const child = spawn("sleep", ["600"]);
     export const handler = async () => [process.pid, child.pid];`,
  );
  const pids = JSON.parse((await runtime.invoke({})).payload) as number[];
  assert.ok(pids.every(isRunning));
  await runtime.close();
  await until(() => !pids.some(isRunning));
  await assert.rejects(runtime.invoke({}), /closed/);
});
