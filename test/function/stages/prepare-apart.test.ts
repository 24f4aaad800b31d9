import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { before, test } from "node:test";
import { type Classifier, createClassifier } from "../../../src/function/classifier.ts";
import { createDeadline } from "../../../src/function/deadline.ts";
import { processTree } from "../../../src/local/lambda/memory.ts";
import { spoilDecodeProcesses, WITH_THE_IMAGE } from "../decode-process.ts";
import { fixture, testConfig, triageModel } from "../harness.ts";

let classifier: Classifier;
before(async () => {
  classifier = await createClassifier(await triageModel(), testConfig());
});

const classifyApart = (file: Uint8Array, remainingMs = 60_000) =>
  classifier.classify(file, createDeadline(remainingMs), true);

/** No process of ours is left. */
const assertAlone = () => assert.deepEqual(processTree(process.pid), [process.pid]);

const files = readdirSync(new URL("../../fixtures", import.meta.url)).filter((name) =>
  /^(photo-1|barcode-1|chart-2)/.test(name),
);

for (const name of files) {
  test(`${name} has the same scores in a process of its own`, async () => {
    const file = await fixture(name);
    const [here, apart] = [await classifier.classify(file), await classifyApart(file)];
    assert.deepEqual(apart.predictions, here.predictions);
    assert.deepEqual(apart.image, here.image);
    assertAlone();
  });
}

test("what is wrong with an image has the same code and message", async () => {
  const broken = (await fixture("photo-1.jpg")).subarray(0, 20_000);
  const [here, apart] = await Promise.allSettled([classifier.classify(broken), classifyApart(broken)]);
  const said = [here, apart].map((end) => (end.status === "rejected" ? end.reason : undefined));
  assert.deepEqual([said[1]?.code, said[1]?.message], ["INVALID_IMAGE", said[0]?.message]);
});

test("an image that crashes its decoder has a code, and this process lives", async (t) => {
  spoilDecodeProcesses(t, WITH_THE_IMAGE.crash);
  await assert.rejects(classifyApart(await fixture("photo-1.jpg")), {
    code: "DECODE_LIMIT",
    message: "the process that decodes the image ended: SIGABRT",
  });
});

test("a process that ends before it has the image says nothing of the image", async (t) => {
  spoilDecodeProcesses(t, "process.exit(3);");
  await assert.rejects(classifyApart(await fixture("photo-1.jpg")), {
    code: "INFERENCE_FAILED",
    message: "the process that decodes the image ended: exit code 3",
  });
});

test("a decoder without end is ended at the deadline, and nothing is said of the image", async (t) => {
  spoilDecodeProcesses(t, WITH_THE_IMAGE.hang);
  await assert.rejects(classifyApart(await fixture("photo-1.jpg"), 3000), { code: "DEADLINE_NEAR" });
  assertAlone();
});

test("no process is begun when the time is over", async () => {
  await assert.rejects(classifyApart(await fixture("photo-1.jpg"), 0), { code: "DEADLINE_NEAR" });
  assertAlone();
});
