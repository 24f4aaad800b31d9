import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { readFunctionTemplate, readTemplate, type Template } from "../../src/local/template.ts";

async function parseText(t: TestContext, text: string): Promise<Template> {
  const dir = await mkdtemp(join(tmpdir(), "local-template-"));
  t.after(() => rm(dir, { recursive: true, force: true }));
  await writeFile(join(dir, "template.yaml"), text);
  return readTemplate(join(dir, "template.yaml"));
}

test("short tags are read as their long form, on texts, lists and maps", async (t) => {
  const template = await parseText(
    t,
    "a: !Ref X\nb: !Sub s-X\nc: !If [C, !Ref X, 2]\nd: !Transform { Name: N }\n",
  );
  assert.deepEqual(JSON.parse(JSON.stringify(template)), {
    a: { Ref: "X" },
    b: { "Fn::Sub": "s-X" },
    c: { "Fn::If": ["C", { Ref: "X" }, 2] },
    d: { "Fn::Transform": { Name: "N" } },
  });
});

test("a file that is no map is refused with what it is", async (t) => {
  await assert.rejects(parseText(t, "- 1\n"), /should be a map of names and values; it is \[1\]/);
});

test("the project's template gives the function's settings, parameters at their defaults", async () => {
  const {
    handler,
    logFormat,
    memoryMb,
    timeoutSeconds,
    environment,
    deployedVariables,
    queue,
    isolationQueue,
  } = readFunctionTemplate(await readTemplate());
  assert.equal(handler, "handler.handler");
  assert.equal(logFormat, "JSON");
  assert.ok(memoryMb >= 128 && timeoutSeconds >= 1);
  assert.equal(environment.S3_FORCE_PATH_STYLE, "false");
  assert.ok(deployedVariables.includes("RESULTS_BUCKET") && deployedVariables.includes("MODEL_DIR"));
  assert.ok(queue.reportBatchItemFailures && isolationQueue.reportBatchItemFailures);
  assert.ok(queue.maxReceiveCount + isolationQueue.maxReceiveCount >= 5);
  assert.deepEqual([isolationQueue.batchSize, isolationQueue.batchingWindowSeconds], [1, 0]);
});

test("a setting that is no number is refused with its path", async () => {
  const template = structuredClone(await readTemplate()) as unknown as {
    Resources: { ClassifierFunction: { Properties: { Timeout: unknown } } };
  };
  template.Resources.ClassifierFunction.Properties.Timeout = "soon";
  assert.throws(
    () => readFunctionTemplate(template as unknown as Template),
    /Resources\.ClassifierFunction\.Properties\.Timeout should be a number.*it is "soon"/,
  );
});
