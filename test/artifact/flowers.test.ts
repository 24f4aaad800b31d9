import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type S3Server, startS3 } from "../../src/local/s3/server.ts";
import { type Artifact, buildArtifact } from "../../src/measure/arm64/artifact.ts";
import { arm64Layout, hostLayout } from "../../src/measure/arm64/layout.ts";
import { importTflite } from "../../src/models/import.ts";
import { teach } from "../../src/models/teach/teach.ts";
import { realData } from "../real-data.ts";
import { assertSameJudgements, type Judged, judge } from "./judge.ts";
import { machine, noArm64, root } from "./machine.ts";

const NAME = "flowers";
const EACH = 5;

const flowers = realData("flowers");
const tflite = realData("tflite/mobilenet_v2_1.0_224_quant.tflite");
const isThere = flowers !== undefined && tflite !== undefined;

describe("a model of twelve kinds of flowers, taught behind MobileNet v2 and built to be deployed", {
  skip: !isThere && "needs flowers and tflite of ../shared/data",
}, () => {
  const folder = mkdtempSync(join(tmpdir(), "flowers-"));
  const keys: string[] = [];
  let artifact: Artifact;
  let s3: S3Server;
  let expected: Map<string, Judged>;

  before(async () => {
    const models = join(folder, "models");
    const labels = realData("tflite/imagenet_labels.txt") ?? "";
    importTflite(tflite ?? "", {
      ...{ labels, name: "mobilenet-v2", out: models, weights: "fast", input: "float32" },
    });
    await teach({ name: NAME, images: [join(flowers ?? "", "train")], models });
    artifact = await buildArtifact(root, NAME, models);
    s3 = await startS3({ dataDir: join(folder, "s3"), buckets: ["uploads", "results"] });
    const test = join(flowers ?? "", "test");
    for (const label of readdirSync(test)) {
      for (const file of readdirSync(join(test, label)).slice(0, EACH)) {
        const key = `${label}/${file}`;
        const body = readFileSync(join(test, key));
        await fetch(`${s3.url}/uploads/${encodeURI(key)}`, { method: "PUT", body });
        keys.push(key);
      }
    }
    expected = await judge(hostLayout(artifact, NAME), s3.url, keys);
  });
  after(async () => {
    await s3?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test("names at least nine of ten of the test images rightly", () => {
    const right = keys.filter((key) => key.startsWith(`${expected.get(key)?.predictions[0]?.label}/`));
    assert.equal(keys.length, 12 * EACH);
    assert.ok(right.length >= 0.9 * keys.length, `${right.length} of ${keys.length}`);
  });

  test("on arm64 it gives each of them the same label", { skip: noArm64 }, async () => {
    assert.ok(!(machine instanceof Error));
    assertSameJudgements(await judge(arm64Layout(artifact, machine.command, NAME), s3.url, keys), expected);
  });
});
