import assert from "node:assert/strict";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import sharp from "sharp";
import { createClassifier } from "../../../src/function/classifier.ts";
import { loadModel } from "../../../src/function/model/load.ts";
import { withFloat32Weights } from "../../../src/measure/float-weights.ts";
import { CommandError } from "../../../src/models/errors.ts";
import { MODELS_DIR, PUBLISHED_ARCHITECTURE } from "../../../src/models/folder.ts";
import { decodeOnnx, encodeOnnx, type Graph, type Node } from "../../../src/models/onnx/model.ts";
import { dimsOf, floatTensor, readFloats } from "../../../src/models/onnx/tensors.ts";
import { type QuantizeOptions, quantizeModel } from "../../../src/models/quantize/quantize.ts";
import { DEPLOYED_SETTINGS } from "../../../src/models/settings.ts";
import { realData } from "../../real-data.ts";
import { fusedOperators } from "../run-onnx.ts";
import { drawFolder } from "../teach/pictures.ts";

const FIXTURES = join(import.meta.dirname, "../../fixtures");
const LABELS = ["barcode", "blank", "chart", "document", "icon", "photo", "screenshot"];

const root = mkdtempSync(join(tmpdir(), "quantize-"));
const models = join(root, "models");
const images = join(root, "images");
after(() => rmSync(root, { recursive: true, force: true }));

const options = (model: string, given: Partial<QuantizeOptions> = {}): QuantizeOptions => ({
  ...{ model, images, models, calibrationImages: 40, minAgreement: 0.95 },
  ...given,
});

/** upload-triage-224 with every quantised operator replaced by its float one: a network trained for INT8, in float32. */
function writeFloat(name: string, change: (graph: Graph) => void = () => {}): string {
  const folder = join(models, name);
  cpSync(join(MODELS_DIR, PUBLISHED_ARCHITECTURE), folder, { recursive: true });
  const model = decodeOnnx(withFloat32Weights(readFileSync(join(folder, "model.onnx"))));
  change(model.graph);
  writeFileSync(join(folder, "model.onnx"), encodeOnnx(model));
  return folder;
}

before(async () => {
  for (const label of LABELS) {
    mkdirSync(join(images, label), { recursive: true });
    for (const name of [`${label}-1`, `${label}-2`]) {
      const file = [".png", ".jpg", ".webp"].map((end) => join(FIXTURES, name + end)).find(existsSync) ?? "";
      for (const [index, angle] of [0, 90, 180].entries()) {
        await sharp(file)
          .rotate(angle)
          .png()
          .toFile(join(images, label, `${name}-${index}.png`));
      }
    }
  }
  await drawFolder(join(images, "drawings"), ["rings", "dots"], 6);
});

describe("model quantize", () => {
  test("makes of a float network one in integers that gives the same labels, faster and smaller", async () => {
    writeFloat("float");
    const made = await quantizeModel(options("float"));
    assert.equal(made.name, "float-int8");
    assert.ok(made.agreement >= 0.95, `${made.agreement}`);
    assert.ok(made.cpuMs.quantized < made.cpuMs.float);
    assert.ok(made.sizeBytes.quantized < 0.3 * made.sizeBytes.float);
    assert.ok(made.accuracy !== undefined && made.accuracy.quantized >= made.accuracy.float - 0.05);
    assert.match(readFileSync(join(made.folder, "README.md"), "utf8"), /quantized after its training/);
  });

  test("ONNX Runtime fuses it whole: no float convolution and no activation is left", async () => {
    const operators = await fusedOperators(join(models, "float-int8"));
    assert.equal(operators.QLinearConv, 27);
    assert.equal(operators.QLinearGlobalAveragePool, 1);
    for (const left of ["Conv", "FusedConv", "Clip", "Relu", "GlobalAveragePool"])
      assert.equal(operators[left], undefined, `${left} in ${JSON.stringify(operators)}`);
  });

  test("its weights have zero point 0, and no pair of neighbours that saturates where there is no VNNI", () => {
    const { graph } = decodeOnnx(readFileSync(join(models, "float-int8/model.onnx")));
    const tensors = new Map(graph.initializer.map((tensor) => [tensor.name, tensor]));
    let pairs = 0;
    for (const node of graph.node.filter(({ opType }) => opType === "Conv")) {
      const name = (node.input[1] ?? "").replace("_float", "");
      const weights = tensors.get(name);
      const zeros = tensors.get(`${name}_zero`);
      assert.ok(weights !== undefined && zeros !== undefined);
      assert.ok(Buffer.from(zeros.rawData).every((byte) => byte === 0));
      const [outputs = 0, channels = 0, height = 0, width = 0] = dimsOf(weights);
      if (channels === 1) continue;
      const values = new Int8Array(Uint8Array.from(weights.rawData).buffer);
      const positions = height * width;
      for (let output = 0; output < outputs; output++) {
        // The order in which kernels reduce: position, then channel.
        const at = (index: number) =>
          values[(output * channels + (index % channels)) * positions + Math.floor(index / channels)] ?? 0;
        for (let index = 0; index + 1 < channels * positions; index += 2, pairs++) {
          const [first, second] = [at(index), at(index + 1)];
          const positive = Math.max(0, first) + Math.max(0, second);
          const negative = Math.min(0, first) + Math.min(0, second);
          assert.ok(255 * positive <= 32_767 && 255 * negative >= -32_768);
        }
      }
    }
    assert.ok(pairs > 1_000_000);
  });

  test("batch normalizations, paddings, constants and weights beside the graph are taken in", async () => {
    const folder = writeFloat("as-exported", spreadOut);
    const before = readFileSync(join(folder, "model.onnx"));
    assert.ok(decodeOnnx(before).graph.node.some(({ opType }) => opType === "BatchNormalization"));
    moveWeightsOut(folder);
    const made = await quantizeModel(options("as-exported"));
    assert.ok(made.agreement >= 0.95, `${made.agreement}`);
    const operators = await fusedOperators(made.folder);
    assert.equal(operators.QLinearConv, 27);
    for (const left of ["BatchNormalization", "Pad", "Identity", "Conv"])
      assert.equal(operators[left], undefined);
    assert.equal(existsSync(join(made.folder, "model.onnx_data")), false, "it is one file");
  });

  test("what agrees too little, or cannot be quantised, is refused and not written", async () => {
    await assert.rejects(quantizeModel(options("float", { name: "strict", minAgreement: 1.01 })), (error) => {
      assert.ok(error instanceof CommandError);
      assert.equal(error.code, "BELOW_THRESHOLD");
      assert.match(error.message, /same label for at least 101\.0%.*nothing was written/);
      return true;
    });
    cpSync(join(MODELS_DIR, PUBLISHED_ARCHITECTURE), join(models, PUBLISHED_ARCHITECTURE), {
      recursive: true,
    });
    await assert.rejects(quantizeModel(options("float-int8", { name: "twice" })), (error) => {
      assert.ok(error instanceof CommandError);
      assert.equal(error.code, "MODEL_UNSUPPORTED");
      assert.match(error.message, /expected float32 convolutions with constant weights, got/);
      return true;
    });
    const few = join(root, "few");
    await drawFolder(few, ["dots"], 5);
    await assert.rejects(
      quantizeModel(options("float", { name: "few", images: few })),
      /expected at least 20 images.*got 5/,
    );
    for (const name of ["strict", "twice", "few"]) assert.equal(existsSync(join(models, name)), false);
  });

  const triage = realData("triage");
  test("of upload-triage-224's own float weights it makes one that is as right as the one trained for INT8, within a point", {
    skip: triage === undefined && "needs triage of ../shared/data",
  }, async () => {
    const made = await quantizeModel(
      options("float", { name: "triage", images: triage ?? "", calibrationImages: 60 }),
    );
    const trained = await createClassifier(
      await loadModel(join(MODELS_DIR, PUBLISHED_ARCHITECTURE)),
      DEPLOYED_SETTINGS,
    );
    const ours = await createClassifier(await loadModel(made.folder), DEPLOYED_SETTINGS);
    const list = readFileSync(join(triage ?? "", "sources.tsv"), "utf8")
      .trim()
      .split("\n")
      .slice(1);
    let [right, trainedRight, count] = [0, 0, 0];
    for (const line of list.filter((_, index) => index % 23 === 0)) {
      const file = line.split("\t")[0] ?? "";
      const bytes = readFileSync(join(triage ?? "", file));
      const label = file.split("/")[0];
      if ((await ours.classify(bytes)).predictions[0]?.label === label) right++;
      if ((await trained.classify(bytes)).predictions[0]?.label === label) trainedRight++;
      count++;
    }
    assert.ok(right / count >= trainedRight / count - 0.01, `${right} and ${trainedRight} of ${count}`);
  });
});

/** What exporters write: a batch normalization behind each third convolution, paddings in front, constants as nodes. */
function spreadOut(graph: Graph): void {
  const tensors = new Map(graph.initializer.map((tensor) => [tensor.name, tensor]));
  let count = 0;
  graph.node = graph.node.flatMap((node): Node[] => {
    if (node.opType !== "Conv" || count++ % 3 !== 0) return [node];
    const [data = "", weightsName = ""] = node.input;
    const outputs = dimsOf(tensors.get(weightsName) as never)[0] ?? 1;
    const [output = ""] = node.output;
    const constant = (name: string, value: number) => {
      const full = `${output}/${name}`;
      graph.initializer.push(floatTensor(full, [outputs], new Float32Array(outputs).fill(value)));
      return full;
    };
    // y = 2 · (x − 0.5) / √(4 − ε + ε) + 0.5 = x
    const parameters = [
      constant("gamma", 2),
      constant("beta", 0.5),
      constant("mean", 0.5),
      constant("variance", 4),
    ];
    const pads = node.attribute.find(({ name }) => name === "pads")?.ints?.map(Number) ?? [0, 0, 0, 0];
    const [top = 0, left = 0, bottom = 0, right = 0] = pads;
    const padsName = `${output}/pads`;
    const t = {
      ...{ name: padsName, dims: [8], dataType: 7 },
      rawData: new Uint8Array(BigInt64Array.from([0, 0, top, left, 0, 0, bottom, right].map(BigInt)).buffer),
    };
    const plain = { ...node, input: [`${output}/padded`, ...node.input.slice(1)], output: [`${output}/raw`] };
    plain.attribute = node.attribute.filter(({ name }) => name !== "pads");
    const made = (
      opType: string,
      input: string[],
      name: string,
      attribute: Node["attribute"] = [],
    ): Node => ({
      ...{ opType, name: `${name}/${opType}`, input, output: [name], attribute },
    });
    return [
      made("Constant", [], padsName, [{ name: "value", type: 4, t }]),
      made("Identity", [data], `${output}/same`),
      made("Pad", [`${output}/same`, padsName], `${output}/padded`),
      plain,
      made("BatchNormalization", [`${output}/raw`, ...parameters], output, [
        { name: "epsilon", type: 1, f: 0 },
      ]),
    ];
  });
}

/** As exporters do with large models: raw data of large tensors in `model.onnx_data`. */
function moveWeightsOut(folder: string): void {
  const model = decodeOnnx(readFileSync(join(folder, "model.onnx")));
  const chunks: Uint8Array[] = [];
  let offset = 0;
  for (const tensor of model.graph.initializer) {
    if (tensor.dataType !== 1 || readFloats(tensor).length < 256) continue;
    const length = tensor.rawData.length;
    const values = { location: "model.onnx_data", offset: `${offset}`, length: `${length}` };
    chunks.push(tensor.rawData);
    Object.assign(tensor, {
      ...{ rawData: undefined, dataLocation: 1 },
      externalData: Object.entries(values).map(([key, value]) => ({ key, value })),
    });
    offset += length;
  }
  writeFileSync(join(folder, "model.onnx_data"), Buffer.concat(chunks));
  writeFileSync(join(folder, "model.onnx"), encodeOnnx(model));
}
