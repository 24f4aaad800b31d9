import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { build } from "esbuild";
import {
  DIMENSIONS,
  LABEL_DIMENSION,
  LABEL_METRIC,
  METRICS,
  VERSION_DIMENSION,
  VERSION_METRICS,
} from "../../src/function/metrics.ts";
import { type S3Server, startS3 } from "../../src/local/s3/server.ts";
import { PROJECT_DIR } from "../../src/local/template.ts";
import {
  type Artifact,
  buildArtifact,
  buildModelLayer,
  buildNativeLayer,
} from "../../src/measure/arm64/artifact.ts";
import { arm64Layout, hostLayout } from "../../src/measure/arm64/layout.ts";
import { canMount } from "../../src/measure/arm64/namespace.ts";
import { phonePhotograph } from "../fixtures/heic/generate.ts";
import ceilings from "./ceilings.json" with { type: "json" };
import { assertSameEffect, type Run, runEvents } from "./classify.ts";
import { findFaults, fingerprint, listFiles, sizeOf, zipSize } from "./inspect.ts";
import { machine, noArm64, root } from "./machine.ts";

const MODEL = process.env.MODEL ?? "upload-triage";
const FIXTURES = join(PROJECT_DIR, "test/fixtures");
const EVENTS = join(PROJECT_DIR, "events");
/** Scores lie between 0 and 1. */
const TOLERANCE = 0.05;

let artifact: Artifact;
let folder = "";
let s3: S3Server;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "artifact-"));
  artifact = await buildArtifact(root, MODEL);
});

after(async () => {
  await s3?.close();
  rmSync(folder, { recursive: true, force: true });
});

test("the layers hold nothing but regular files for linux/arm64 that Amazon Linux 2023 can load", () => {
  assert.deepEqual(findFaults(artifact.opt), []);
  const libraries = listFiles(artifact.opt).filter((path) => /\.(node|so)(\.|$)/.test(path));
  assert.equal(
    libraries.length,
    6,
    `expected sharp, libvips, ONNX Runtime and its binding, koffi and libturbojpeg, got ${libraries}`,
  );
});

test("the native layer, the function's package and all of it together are below their ceilings", (t) => {
  const sizes = {
    functionZipBytes: zipSize(artifact.task),
    nativeLayerBytes: sizeOf(join(artifact.opt, "nodejs")),
    unpackedBytes: sizeOf(artifact.task) + sizeOf(artifact.opt),
  };
  t.diagnostic(JSON.stringify(sizes));
  for (const [name, bytes] of Object.entries(sizes)) {
    const ceiling = ceilings[name as keyof typeof sizes];
    assert.ok(
      bytes <= ceiling,
      `${name}: ${bytes}, the ceiling in test/artifact/ceilings.json is ${ceiling}`,
    );
  }
});

test("the native layer holds the licence of each package in it, and the list of all", () => {
  const layer = join(artifact.opt, "nodejs");
  const files = listFiles(layer);
  const notices = readFileSync(join(layer, "NOTICES.md"), "utf8");
  const packages = files.flatMap(
    (path) => /^node_modules\/((@[^/]+\/)?[^/]+)\/package\.json$/.exec(path)?.[1] ?? [],
  );
  assert.equal(packages.length, 12, String(packages));
  for (const name of packages) assert.ok(notices.includes(`\`${name}\``), name);
  for (const text of ["libheif-js/LICENSE", "libheif-js/libheif-wasm/LICENSE"])
    assert.match(
      readFileSync(join(layer, "node_modules", text), "utf8"),
      /GNU LESSER GENERAL PUBLIC LICENSE\s+Version 3/,
    );
  // Without their own text: it stands in the list.
  const bare = packages.filter(
    (name) => !files.some((path) => path.startsWith(`node_modules/${name}/LICENSE`)),
  );
  assert.deepEqual(bare.sort(), [
    "@img/sharp-libvips-linux-arm64",
    "@koromix/koffi-linux-arm64",
    "onnxruntime-common",
    "onnxruntime-node",
  ]);
});

test("a layer that is built twice is the same, byte for byte", async () => {
  await Promise.all([buildNativeLayer(folder), buildModelLayer(folder, { MODEL })]);
  assert.deepEqual(listFiles(folder), listFiles(artifact.opt));
  assert.equal(fingerprint(join(folder, "nodejs")), fingerprint(join(artifact.opt, "nodejs")));
  assert.equal(fingerprint(join(folder, "model")), fingerprint(join(artifact.opt, "model")));
});

test("the model layer holds the model's files alone, below its name", () => {
  const [config, model, preprocessing, ...others] = listFiles(join(artifact.opt, "model", MODEL));
  assert.deepEqual(
    [config, model, preprocessing, others],
    ["config.json", "model.onnx", "preprocessor_config.json", []],
  );
});

test("a model that lacks a file makes no layer, and the message says which", async () => {
  const models = join(folder, "models");
  mkdirSync(join(models, "broken"), { recursive: true });
  const build = () => buildModelLayer(join(folder, "broken-layer"), { MODEL: "broken", MODELS_DIR: models });
  for (const file of ["config.json", "preprocessor_config.json"]) {
    await assert.rejects(build, new RegExp(`the model 'broken' lacks ${file}`));
    copyFileSync(join(artifact.opt, "model", MODEL, file), join(models, "broken", file));
  }
  await assert.rejects(
    build,
    /the model 'broken' has no model\.onnx, onnx\/model_quantized\.onnx or onnx\/model\.onnx/,
  );
  await assert.rejects(
    buildModelLayer(join(folder, "broken-layer"), { MODEL: "absent", MODELS_DIR: models }),
    /no model 'absent'/,
  );
});

test("a layer with a foreign binary or a link would be found", () => {
  const spoilt = join(folder, "spoilt");
  mkdirSync(spoilt);
  copyFileSync(process.execPath, join(spoilt, "binding.node"));
  symlinkSync("binding.node", join(spoilt, "link.node"));
  const faults = findFaults(spoilt);
  assert.ok(faults.includes("link.node is a symbolic link"), String(faults));
  // The Node that runs this is an arm64 binary on an arm64 machine only.
  if (process.arch !== "arm64") assert.match(String(faults), /binding\.node is for ELF machine 62/);
});

/** Every file of events/, and one direct event a sample picture. */
function readEvents(): Map<string, unknown> {
  const files = readdirSync(EVENTS).filter((name) => name.endsWith(".json"));
  return new Map(files.sort().map((name) => [name, JSON.parse(readFileSync(join(EVENTS, name), "utf8"))]));
}

const pictures = readdirSync(FIXTURES).filter((name) => /\.(jpe?g|png|webp|avif|gif)$/.test(name));
const heics = ["heic/phone.heic", "heic/10-bit.heic"];
/** The JPEG that the phone of `phone.heic` would have made: numbers, profile and turn alike. */
const TWIN = "heic/phone-twin.jpg";
const pictureEvents = (names: readonly string[]) =>
  new Map(names.map((key) => [key, { bucket: "uploads", key }]));

async function openS3(): Promise<S3Server> {
  const server = await startS3({ dataDir: join(folder, "s3"), buckets: ["uploads", "results"] });
  const put = async (key: string, body: Buffer) => {
    const path = key.split("/").map(encodeURIComponent).join("/");
    const response = await fetch(`${server.url}/uploads/${path}`, {
      method: "PUT",
      body: new Uint8Array(body),
    });
    assert.equal(response.status, 200, `PUT ${key}`);
  };
  for (const name of [...pictures, ...heics]) await put(name, readFileSync(join(FIXTURES, name)));
  await put("my pictures/café #1.jpg", readFileSync(join(FIXTURES, "photo-1.jpg")));
  const { pixels } = await phonePhotograph();
  await put(TWIN, await pixels.jpeg({ quality: 92 }).withMetadata({ orientation: 6 }).toBuffer());
  return server;
}

let expected: Run;

test("on this machine, every sample picture is classified, and every event is answered", async () => {
  s3 = await openS3();
  expected = await runEvents(
    hostLayout(artifact, MODEL),
    s3.url,
    new Map([...readEvents(), ...pictureEvents([...pictures, ...heics, TWIN])]),
  );
  for (const name of [...pictures, ...heics, TWIN]) {
    const document = expected.effects.get(name)?.results[`${name}.json`] as { status?: string } | undefined;
    assert.equal(document?.status, "classified", `${name}: ${JSON.stringify(document)}`);
  }
});

/** Counts are emitted when they are zero, so that one run shows every metric. */
function assertEveryMetric({ metrics }: Run): void {
  assert.deepEqual([...metrics.keys()].sort(), Object.keys(METRICS).sort());
  for (const [name, dimensions] of metrics) {
    // Those that judge a version are emitted with its number too.
    const isOfVersion = (VERSION_METRICS as readonly string[]).includes(name);
    const further = isOfVersion ? [VERSION_DIMENSION] : name === LABEL_METRIC ? [LABEL_DIMENSION] : [];
    const expectedSet = [...DIMENSIONS, ...further];
    assert.deepEqual(dimensions, [expectedSet], name);
  }
}

test("the built function emits the metrics of metrics.ts, all of them and no other, with its dimensions", () => {
  assertEveryMetric(expected);
});

test("this machine runs arm64, itself or in emulation", (t) => {
  if (noArm64 === undefined) return;
  if (process.env.CI) assert.fail(`the arm64 proof cannot be made here: ${noArm64}`);
  t.skip(`the arm64 proof cannot be made here: ${noArm64}`);
});

function labelOf({ effects }: Run, name: string): string | undefined {
  const result = effects.get(name)?.results[`${name}.json`];
  return (result as { predictions: { label: string }[] } | undefined)?.predictions[0]?.label;
}

function assertSameRun(actual: Run, names: Iterable<string>): void {
  for (const name of names) {
    assertSameEffect(actual.effects.get(name), expected.effects.get(name), TOLERANCE, name);
  }
}

test("on arm64, every event and every sample picture gives the same labels", { skip: noArm64 }, async () => {
  assert.ok(!(machine instanceof Error));
  const events = new Map([...readEvents(), ...pictureEvents([...pictures, ...heics, TWIN])]);
  const layout = arm64Layout(artifact, machine.command, MODEL);
  const run = await runEvents(layout, s3.url, events);
  assertSameRun(run, events.keys());
  assertEveryMetric(run);
  assert.equal(labelOf(run, "heic/phone.heic"), labelOf(run, TWIN));
});

test("on arm64, HEIC has the pixels that it has here, thumbnail and all tiles, decoded by the layer's libde265", {
  skip: noArm64,
}, async () => {
  assert.ok(!(machine instanceof Error));
  // Beside the packages of the artifact, in which it finds libheif.
  const bundle = join(artifact.opt, "nodejs/heic.mjs");
  await build({
    entryPoints: [join(import.meta.dirname, "heic.ts")],
    outfile: bundle,
    bundle: true,
    platform: "node",
    format: "esm",
    external: ["libheif-js"],
  });
  const files = heics.map((name) => join(FIXTURES, name));
  const hashes = async ([program = "", ...before]: readonly string[]) =>
    (await promisify(execFile)(program, [...before, bundle, ...files])).stdout;
  const here = await hashes([process.execPath]);
  assert.match(here, /^([0-9a-f]{64}\n){3}$/);
  assert.equal(await hashes(machine.command), here);
  rmSync(bundle);
});

test("on arm64 without /sys, as on Lambda, every event gives the same labels", {
  skip: noArm64,
}, async (t) => {
  assert.ok(!(machine instanceof Error));
  if (!canMount()) {
    const reason = "this machine allows no mounts of one's own (unshare --mount), so /sys cannot be hidden";
    if (process.env.CI) assert.fail(reason);
    t.skip(reason);
    return;
  }
  const events = readEvents();
  const run = await runEvents(
    arm64Layout(artifact, machine.command, MODEL, { withoutSys: true }),
    s3.url,
    events,
  );
  assertSameRun(run, events.keys());
  assert.match(run.log.join("\n"), /\/sys\/devices\/system\/cpu\/possible/, "the run had its /sys after all");
});
