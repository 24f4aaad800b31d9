import assert from "node:assert/strict";
import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createClassifier } from "../../../src/function/classifier.ts";
import { externalFiles, fingerprintOf, hashWeights } from "../../../src/function/model/fingerprint.ts";
import { loadModel } from "../../../src/function/model/load.ts";
import { realData } from "../../real-data.ts";
import { testConfig } from "../harness.ts";
import { writeTinyModel } from "../tiny-model.ts";

const hashOf = async (dir: string) => hashWeights(await readFile(join(dir, "model.onnx")), dir);

/** A tensor's external data as protobuf writes it. */
const located = (name: string) =>
  Buffer.from(`\x0a\x08location\x12${String.fromCharCode(name.length)}${name}`);

test("weights are the graph and the files that its tensors name, each once", async () => {
  const dir = await mkdtemp(join(tmpdir(), "weights-"));
  const graph = Buffer.concat([
    Buffer.from("graph"),
    located("w.data"),
    located("w.data"),
    located("more.bin"),
  ]);
  assert.deepEqual(externalFiles(graph), ["w.data", "more.bin"]);
  await writeFile(join(dir, "model.onnx"), graph);
  await assert.rejects(hashOf(dir), /w\.data/);
  await writeFile(join(dir, "w.data"), "a");
  await writeFile(join(dir, "more.bin"), "b");
  const before = await hashOf(dir);
  await writeFile(join(dir, "more.bin"), "c");
  assert.notEqual(await hashOf(dir), before);
});

test("equal values have equal fingerprints, whatever the order of their fields", () => {
  assert.equal(
    fingerprintOf({ a: 1, b: { c: [1, 2], d: 3 } }),
    fingerprintOf({ b: { d: 3, c: [1, 2] }, a: 1 }),
  );
  assert.notEqual(fingerprintOf({ a: [1, 2] }), fingerprintOf({ a: [2, 1] }));
});

test("labels, preprocessing and each setting that changes a result change the fingerprint; others do not", async (t) => {
  const model = await loadModel(await writeTinyModel(t));
  const config = testConfig();
  const of = async (changes: object, modelChanges: object = {}) =>
    (await createClassifier({ ...model, ...modelChanges }, { ...config, ...changes })).identity.fingerprint;
  const before = await of({});
  const changed = [
    await of({ topK: 2 }),
    await of({ applyIccProfile: true }),
    await of({ backgroundColor: "#000000" }),
    await of({ maxImagePixels: 1_000_000 }),
    await of({}, { labels: ["x", "green", "blue"] }),
    await of({}, { sha256: "other weights" }),
    await of({}, { preprocessing: { ...model.preprocessing, kernel: "nearest" } }),
  ];
  assert.equal(new Set([before, ...changed]).size, 1 + changed.length);
  assert.equal(await of({ decodesInFlight: 1, serviceName: "another" }), before);
});

const odd = realData("odd/models");
test("two folders that differ in their external data only are two models", {
  skip: odd === undefined && "needs odd/models",
}, async () => {
  const [a, b] = ["extdata-a", "extdata-b"].map((name) => hashOf(join(odd ?? "", name)));
  assert.notEqual(await a, await b);
});
