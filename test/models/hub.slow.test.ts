import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import { createClassifier } from "../../src/function/classifier.ts";
import { loadModel } from "../../src/function/model/load.ts";
import { withFloat32Weights } from "../../src/measure/float-weights.ts";
import { DEFAULT_MODEL, MODELS_DIR } from "../../src/models/folder.ts";
import { parseRepository } from "../../src/models/hub/api.ts";
import { arithmeticOf } from "../../src/models/hub/choose.ts";
import type { PulledModel } from "../../src/models/hub/pull.ts";
import { decodeOnnx, encodeOnnx } from "../../src/models/onnx/model.ts";
import { DEPLOYED_SETTINGS } from "../../src/models/settings.ts";
import { startHub } from "./hub-server.ts";

const CLI = join(import.meta.dirname, "../../src/models/cli.ts");
const ID = "team/uploads";
const root = mkdtempSync(join(tmpdir(), "hub-"));
const models = join(root, "models");
const downloads = join(root, "downloads");

const read = (name: string) => readFileSync(join(MODELS_DIR, DEFAULT_MODEL, name));
const integers = read("model.onnx");
const { graph: float, data } = withDataFile(withFloat32Weights(integers));
const configs = {
  "config.json": read("config.json"),
  "preprocessor_config.json": read("preprocessor_config.json"),
};
let hub: Awaited<ReturnType<typeof startHub>>;
let gated: Awaited<ReturnType<typeof startHub>>;

before(async () => {
  hub = await startHub(ID, {
    files: {
      ...configs,
      "README.md": Buffer.from("# Uploads"),
      "onnx/model.onnx": float,
      "onnx/model.onnx_data": data,
      "onnx/model_int8.onnx": integers,
      "onnx/model_quantized.onnx": integers,
      "onnx/model_q4.onnx": Buffer.from("not fetched"),
      "onnx/model_broken.onnx": Buffer.from([10, 3, 1, 2, 3]),
    },
  });
  gated = await startHub(ID, { files: { ...configs, "model.onnx": integers }, token: "hf_secret" });
});
beforeEach(() => {
  hub.spoil(undefined);
  hub.seen.length = 0;
});
after(() => {
  hub.close();
  gated.close();
  rmSync(root, { recursive: true, force: true });
});

interface Ended {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

function pull(endpoint: string, model: string, args: readonly string[] = [], env = {}): Promise<Ended> {
  const all = [CLI, "pull", model, "--out", models, "--downloads", downloads, ...args];
  const { HF_TOKEN: _, ...own } = process.env;
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      all,
      { env: { ...own, HF_ENDPOINT: endpoint, ...env } },
      (error, stdout, stderr) => resolve({ status: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}

describe("model pull from the hub", () => {
  test("takes the file that is fastest here, at one commit, and the function runs it", async () => {
    const { status, stdout, stderr } = await pull(hub.url, ID, ["--file", "onnx/model_int8.onnx", "--json"]);
    assert.equal(status, 0, stderr);
    const named = JSON.parse(stdout) as PulledModel;
    assert.deepEqual(
      named.candidates.map(({ path, isTaken }) => [path, isTaken]),
      [["onnx/model_int8.onnx", true]],
    );
    rmSync(join(models, "uploads"), { recursive: true });

    const pulled = await pull(hub.url, `${ID}@v2`, ["--json"]);
    assert.equal(pulled.status, 0, pulled.stderr);
    const { commit, candidates, name } = JSON.parse(pulled.stdout) as PulledModel;
    assert.deepEqual([commit, name], [hub.commit, "uploads"]);
    const found = Object.fromEntries(candidates.map((candidate) => [candidate.path, candidate]));
    // The same content under two names is one candidate.
    assert.deepEqual(Object.keys(found), [
      "onnx/model.onnx",
      "onnx/model_quantized.onnx",
      "onnx/model_broken.onnx",
    ]);
    assert.equal(found["onnx/model.onnx"]?.arithmetic, "float32");
    assert.equal(found["onnx/model_quantized.onnx"]?.arithmetic, "INT8, static");
    assert.equal(found["onnx/model_quantized.onnx"]?.isTaken, true);
    assert.equal(found["onnx/model_quantized.onnx"]?.same, found["onnx/model_quantized.onnx"]?.images);
    assert.ok(found["onnx/model_broken.onnx"]?.problem);
    assert.ok(!hub.seen.some(({ path }) => path.includes("q4")), "4-bit files are not even fetched");
    const folder = join(models, "uploads");
    assert.deepEqual(readdirSync(folder).sort(), [
      "README.md",
      "config.json",
      "onnx",
      "preprocessor_config.json",
    ]);
    assert.deepEqual(readFileSync(join(folder, "onnx/model_quantized.onnx")), integers);
    assert.match(readFileSync(join(folder, "README.md"), "utf8"), new RegExp(hub.commit));
    const classifier = await createClassifier(await loadModel(folder), DEPLOYED_SETTINGS);
    const sample = readFileSync(join(import.meta.dirname, "../fixtures/chart-1.png"));
    assert.equal((await classifier.classify(sample)).predictions[0]?.label, "chart");
  });

  test("brings the data file of a graph that has its weights beside it", async () => {
    const { status, stderr } = await pull(hub.url, ID, ["--file", "onnx/model.onnx", "--name", "beside"]);
    assert.equal(status, 0, stderr);
    assert.deepEqual(readdirSync(join(models, "beside/onnx")).sort(), ["model.onnx", "model.onnx_data"]);
    await loadModel(join(models, "beside"));
  });

  test("resumes where a connection ended, and fetches no file twice", async () => {
    rmSync(downloads, { recursive: true, force: true });
    hub.cutAfter(300_000);
    const args = ["--file", "onnx/model_quantized.onnx", "--name", "resumed", "--force"];
    assert.equal((await pull(hub.url, ID, args)).status, 0);
    const large = () => hub.seen.filter(({ path }) => path.startsWith("/onnx%2F"));
    assert.equal(large().length, 2);
    assert.match(large()[1]?.range ?? "", /^bytes=[1-9]\d*-$/);
    assert.equal((await pull(hub.url, ID, args)).status, 0);
    assert.equal(large().length, 2, "it is kept by its hash");
  });

  test("a token goes to the hub, and not where it redirects to", async () => {
    rmSync(downloads, { recursive: true, force: true });
    const refused = await pull(gated.url, ID, ["--name", "gated"]);
    assert.equal(refused.status, 7);
    assert.match(refused.stderr, /HTTP 401 \(GatedRepo\).*accept its terms on the hub and set HF_TOKEN/);
    const { status, stderr } = await pull(gated.url, ID, ["--name", "gated"], { HF_TOKEN: "hf_secret" });
    assert.equal(status, 0, stderr);
    const stored = gated.seen.filter(({ path }) => path === "/model.onnx");
    assert.ok(stored.length > 0 && stored.every(({ authorization }) => authorization === undefined));
    assert.doesNotMatch(stderr, /hf_secret/);
  });

  test("what has another hash than the hub lists is refused, large or small, and nothing is written", async () => {
    for (const path of ["onnx/model_quantized.onnx", "config.json"]) {
      rmSync(downloads, { recursive: true, force: true });
      hub.spoil(path);
      const args = ["--file", "onnx/model_quantized.onnx", "--name", "spoilt"];
      const { status, stderr } = await pull(hub.url, ID, args);
      assert.equal(status, 8, stderr);
      assert.match(stderr, /HASH_WRONG/);
      assert.equal(existsSync(join(models, "spoilt")), false);
    }
  });

  test("a name, a revision, a file or a hub that is not there is told apart", async () => {
    for (const [model, args, endpoint, status, message] of [
      ["team/other", [], hub.url, 7, /HTTP 401 \(RepoNotFound\)/],
      [
        `${ID}@nowhere`,
        ["--name", "x"],
        hub.url,
        7,
        /HTTP 404 \(RevisionNotFound\).*check the name and the revision/,
      ],
      [
        ID,
        ["--name", "x", "--file", "absent.onnx"],
        hub.url,
        4,
        /the file absent\.onnx in team\/uploads, got onnx/,
      ],
      [ID, ["--name", "x"], "http://127.0.0.1:1", 7, /cannot reach the hub.*HF_ENDPOINT names a mirror/],
      ["mobilenet-v9", [], hub.url, 2, /expected mobilenet-v1, mobilenet-v2 or OWNER\/NAME\[@revision\]/],
    ] as const) {
      const ended = await pull(endpoint, model, args);
      assert.equal(ended.status, status, ended.stderr);
      assert.match(ended.stderr, message);
    }
  });

  test("names are owner and name, perhaps with a revision, and nothing that climbs out", () => {
    assert.deepEqual(parseRepository("google/vit@refs/pr/1"), { id: "google/vit", revision: "refs/pr/1" });
    for (const text of ["vit", "a/b/c", "../b", "a/..", "a/b@", "a b/c"])
      assert.equal(parseRepository(text), undefined);
  });

  test("arithmetic is told by operators", () => {
    const input = { name: "x", elementType: "float32", shape: [] };
    for (const [operators, expected] of [
      [{ ConvInteger: 3, DynamicQuantizeLinear: 3 }, "INT8, dynamic (ConvInteger)"],
      [{ MatMulInteger: 3, Conv: 1 }, "INT8, dynamic (MatMulInteger)"],
      [{ MatMulInteger: 30, ConvInteger: 1 }, "INT8, dynamic (MatMulInteger)"],
      [{ Conv: 3, QuantizeLinear: 3, DequantizeLinear: 9 }, "INT8, static"],
      [{ MatMulNBits: 1 }, "4 bits (MatMulNBits)"],
      [{ Conv: 3 }, "float32"],
    ] as const)
      assert.equal(arithmeticOf({ operators, input }), expected);
  });
});

/** As exporters do with large models: the graph, and its larger tensors in `model.onnx_data`. */
function withDataFile(onnx: Uint8Array): { graph: Uint8Array; data: Uint8Array } {
  const model = decodeOnnx(onnx);
  const chunks: Uint8Array[] = [];
  let offset = 0;
  for (const tensor of model.graph.initializer) {
    const { rawData } = tensor;
    if (rawData.length < 1024) continue;
    const values = { location: "model.onnx_data", offset: `${offset}`, length: `${rawData.length}` };
    const externalData = Object.entries(values).map(([key, value]) => ({ key, value }));
    Object.assign(tensor, { rawData: undefined, dataLocation: 1, externalData });
    chunks.push(rawData);
    offset += rawData.length;
  }
  return { graph: encodeOnnx(model), data: Buffer.concat(chunks) };
}
