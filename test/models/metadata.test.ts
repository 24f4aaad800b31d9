import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { zipSync } from "fflate";
import { Builder } from "flatbuffers";
import { importTflite } from "../../src/models/import.ts";
import { readMetadata } from "../../src/models/tflite/metadata.ts";
import { readTflite } from "../../src/models/tflite/reader.ts";
import { realData } from "../real-data.ts";
import { Network } from "./network.ts";

const folder = mkdtempSync(join(tmpdir(), "metadata-"));
after(() => rmSync(folder, { recursive: true, force: true }));

/** TFLITE_METADATA as the metadata library writes it: normalisation of the input, label files of the output. */
function metadataOf(
  normalization: { mean: readonly number[]; std: readonly number[] } | undefined,
  labelFiles: readonly { name: string; type: number; locale?: string }[],
): Uint8Array {
  const b = new Builder(1024);
  const table = (fields: number, fill: () => void) => {
    b.startObject(fields);
    fill();
    return b.endObject();
  };
  const vector = (items: readonly number[], add: (item: number) => void) => {
    b.startVector(4, items.length, 4);
    for (const item of items.toReversed()) add(item);
    return b.endVector();
  };
  const floats = (items: readonly number[]) => vector(items, (item) => b.addFloat32(item));
  const offsets = (items: readonly number[]) => vector(items, (item) => b.addOffset(item));
  const units: number[] = [];
  if (normalization !== undefined) {
    const [mean, std] = [floats(normalization.mean), floats(normalization.std)];
    const options = table(2, () => {
      b.addFieldOffset(0, mean, 0);
      b.addFieldOffset(1, std, 0);
    });
    units.push(
      table(2, () => {
        b.addFieldInt8(0, 1, 0);
        b.addFieldOffset(1, options, 0);
      }),
    );
  }
  const files = labelFiles.map(({ name, type, locale }) => {
    const [nameAt, localeAt] = [b.createString(name), locale === undefined ? 0 : b.createString(locale)];
    return table(4, () => {
      b.addFieldOffset(0, nameAt, 0);
      b.addFieldInt8(2, type, 0);
      b.addFieldOffset(3, localeAt, 0);
    });
  });
  const [unitsAt, filesAt] = [offsets(units), offsets(files)];
  const input = table(7, () => b.addFieldOffset(4, unitsAt, 0));
  const output = table(7, () => b.addFieldOffset(6, filesAt, 0));
  const [inputs, outputs] = [offsets([input]), offsets([output])];
  const subgraph = table(4, () => {
    b.addFieldOffset(2, inputs, 0);
    b.addFieldOffset(3, outputs, 0);
  });
  const subgraphs = offsets([subgraph]);
  b.finish(
    table(4, () => b.addFieldOffset(3, subgraphs, 0)),
    "M001",
  );
  return b.asUint8Array();
}

/** A float32 classifier of three classes. */
function classifier(metadata?: Uint8Array): Uint8Array {
  const net = new Network(1);
  const x = net.float([1, 8, 8, 3]);
  net.beginAt(x);
  const mean = net.layer({ op: "MEAN", inputs: [x, net.constant([1, 2])], output: net.float([1, 3]) });
  const inputs = [mean, net.floats([3, 3]), net.floats([3])];
  net.layer({ op: "FULLY_CONNECTED", inputs, output: net.float([1, 3]) });
  return net.toTflite(undefined, new Map(metadata && [["TFLITE_METADATA", metadata]]));
}

const NORMALIZATION = { mean: [127.5], std: [127.5] };
const bytesOf = (text: string) => new TextEncoder().encode(text);

/** Offsets of the archive as `zip -A` counts them, from the beginning of the file. */
function withShiftedOffsets(archive: Uint8Array, shift: number): Uint8Array {
  const shifted = Buffer.from(archive);
  const end = shifted.lastIndexOf("PK\x05\x06", undefined, "latin1");
  const directory = shifted.readUInt32LE(end + 16);
  for (
    let at = shifted.indexOf("PK\x01\x02", directory, "latin1");
    at >= 0;
    at = shifted.indexOf("PK\x01\x02", at + 1, "latin1")
  )
    shifted.writeUInt32LE(shifted.readUInt32LE(at + 42) + shift, at + 42);
  shifted.writeUInt32LE(directory + shift, end + 16);
  return shifted;
}

describe("a file's own metadata", () => {
  test("labels and normalisation are read, wherever the archive's offsets are counted from", () => {
    const file = classifier(metadataOf(NORMALIZATION, [{ name: "labels.txt", type: 2 }]));
    const archive = zipSync({ "labels.txt": bytesOf("cat\ndog\nhorse\n"), "other.txt": bytesOf("no") });
    for (const behind of [archive, withShiftedOffsets(archive, file.length)]) {
      const whole = Buffer.concat([file, behind]);
      const { normalization, labels } = readMetadata(readTflite(whole), whole);
      assert.deepEqual([normalization, labels], [NORMALIZATION, ["cat\ndog\nhorse\n"]]);
    }
  });

  test("of labels in several languages those without a locale are taken", () => {
    const files = [
      { name: "labels_de.txt", type: 2, locale: "de" },
      { name: "labels.txt", type: 2 },
    ];
    const file = classifier(metadataOf(undefined, files));
    const archive = zipSync({ "labels_de.txt": bytesOf("Katze"), "labels.txt": bytesOf("cat") });
    const whole = Buffer.concat([file, archive]);
    assert.deepEqual(readMetadata(readTflite(whole), whole).labels, ["cat"]);
  });

  test("an import takes both, and needs neither a label file nor --mean", () => {
    const file = join(folder, "own.tflite");
    const metadata = metadataOf(NORMALIZATION, [{ name: "labels.txt", type: 2 }]);
    const archive = zipSync({ "labels.txt": bytesOf("cat\ndog\nhorse\n") });
    writeFileSync(file, Buffer.concat([classifier(metadata), archive]));
    const { folder: model, arithmetic } = importTflite(file, {
      weights: "fast",
      input: "float32",
      out: folder,
    });
    const read = (name: string) => JSON.parse(readFileSync(join(model, name), "utf8"));
    assert.equal(arithmetic, "float32");
    assert.deepEqual(read("config.json").id2label, { 0: "cat", 1: "dog", 2: "horse" });
    const { image_mean, image_std } = read("preprocessor_config.json");
    for (const value of [...image_mean, ...image_std]) assert.ok(Math.abs(value - 0.5) < 1e-6);
  });

  test("labels that the archive lacks are looked for beside the file; a damaged archive is said", () => {
    const metadata = metadataOf(NORMALIZATION, [{ name: "labels.txt", type: 2 }]);
    const whole = Buffer.concat([classifier(metadata), zipSync({ "other.txt": bytesOf("no") })]);
    assert.deepEqual(readMetadata(readTflite(whole), whole).labels, [undefined]);
    const damaged = Buffer.concat([classifier(metadata), bytesOf("PK\x05\x06 and nothing more")]);
    assert.throws(() => readMetadata(readTflite(damaged), damaged), {
      code: "FILE_UNREADABLE",
      message: /labels\.txt.*--labels/,
    });
  });

  test("metadata that is cut short is FILE_UNREADABLE", () => {
    const metadata = metadataOf(NORMALIZATION, [{ name: "labels.txt", type: 2 }]);
    for (let length = 4; length < metadata.length - 8; length += 8) {
      const file = classifier(metadata.subarray(0, length));
      assert.throws(() => readMetadata(readTflite(file), file), { code: "FILE_UNREADABLE" });
    }
  });
});

const real = realData("tflite/mobilenet_v1_0.25_224_metadata.tflite");
test("a published file's metadata", { skip: real === undefined && "needs ../shared/data/tflite" }, () => {
  const bytes = readFileSync(real ?? "");
  const { normalization, labels } = readMetadata(readTflite(bytes), bytes);
  assert.deepEqual(normalization, { mean: [127.5], std: [127.5] });
  assert.deepEqual(labels[0]?.split("\n").slice(0, 2), ["background", "tench"]);
});
