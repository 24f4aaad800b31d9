import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type S3Server, startS3 } from "../../src/local/s3/server.ts";
import { type Artifact, buildArtifact } from "../../src/measure/arm64/artifact.ts";
import { arm64Layout, hostLayout } from "../../src/measure/arm64/layout.ts";
import { DEFAULT_MODEL, MODELS_DIR } from "../../src/models/folder.ts";
import { teach } from "../../src/models/teach/teach.ts";
import { drawFolder, type Kind } from "../models/teach/pictures.ts";
import { listFiles } from "./inspect.ts";
import { assertSameJudgements, type Judged, judge } from "./judge.ts";
import { machine, noArm64, root } from "./machine.ts";

const NAME = "drawings";
const KINDS: readonly Kind[] = ["bars", "dots", "rings", "stripes", "noise"];

let artifact: Artifact;
let folder = "";
let s3: S3Server;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "taught-"));
  const models = join(folder, "models");
  cpSync(join(MODELS_DIR, DEFAULT_MODEL), join(models, DEFAULT_MODEL), { recursive: true });
  await drawFolder(join(folder, "images"), KINDS.slice(0, 4), 12);
  await drawFolder(join(folder, "unseen"), KINDS, 2, 100);
  await teach({ name: NAME, images: [join(folder, "images")], models });
  artifact = await buildArtifact(root, NAME, models);
  s3 = await startS3({ dataDir: join(folder, "s3"), buckets: ["uploads", "results"] });
  for (const kind of KINDS) {
    for (const file of readdirSync(join(folder, "unseen", kind))) {
      const body = readFileSync(join(folder, "unseen", kind, file));
      await fetch(`${s3.url}/uploads/${kind}-${file}`, { method: "PUT", body });
    }
  }
});
after(async () => {
  await s3?.close();
  rmSync(folder, { recursive: true, force: true });
});

const keys = KINDS.flatMap((kind) => [100, 101].map((number) => `${kind}-${number}.jpg`));
let expected: Map<string, Judged>;

test("the layer holds the taught model alone: three files", () => {
  assert.deepEqual(readdirSync(join(artifact.opt, "model")), [NAME]);
  assert.deepEqual(listFiles(join(artifact.opt, "model", NAME)), [
    "config.json",
    "model.onnx",
    "preprocessor_config.json",
  ]);
});

test("the built function tells the drawings apart, calls noise unknown and names the head", async () => {
  expected = await judge(hostLayout(artifact, NAME), s3.url, keys);
  for (const [key, judged] of expected) {
    assert.equal(judged.status, "classified", key);
    if (key.startsWith("noise")) assert.equal(judged.unknown.isUnknown, true, key);
    else assert.equal(judged.predictions[0]?.label, key.split("-")[0], key);
    assert.match(judged.model.parts.head.sha256, /^[0-9a-f]{64}$/);
  }
});

test("on arm64 it says the same", { skip: noArm64 }, async () => {
  assert.ok(!(machine instanceof Error));
  assertSameJudgements(await judge(arm64Layout(artifact, machine.command, NAME), s3.url, keys), expected);
});
