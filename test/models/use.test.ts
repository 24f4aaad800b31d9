import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { after, beforeEach, test } from "node:test";
import { PROJECT_DIR } from "../../src/local/template.ts";
import { DEFAULT_MODEL, MODELS_DIR } from "../../src/models/folder.ts";

const CLI = join(PROJECT_DIR, "src/models/cli.ts");
const root = mkdtempSync(join(tmpdir(), "model-use-"));
const models = join(root, "models");
const layer = join(root, "layers/model");
after(() => rmSync(root, { recursive: true, force: true }));

beforeEach(() => {
  rmSync(root, { recursive: true, force: true });
  for (const name of ["one", "two"]) {
    mkdirSync(join(models, name), { recursive: true });
    for (const file of ["config.json", "preprocessor_config.json"])
      writeFileSync(join(models, name, file), "{}");
    writeFileSync(join(models, name, "model.onnx"), `weights of ${name}`);
  }
  mkdirSync(layer, { recursive: true });
  cpSync(join(PROJECT_DIR, "layers/model/Makefile"), join(layer, "Makefile"));
});

function use(name: string) {
  const { status, stderr, stdout } = spawnSync(
    process.execPath,
    [CLI, "use", name, "--models", models, "--layer", layer],
    {
      encoding: "utf8",
    },
  );
  return { status, stderr, stdout };
}

/** As `sam build` calls it. */
function build(environment: Readonly<Record<string, string>> = {}) {
  const artifacts = join(root, "artifacts");
  const { MODEL: _, ...env } = process.env;
  const { status, stderr } = spawnSync("make", ["--silent", "build-ModelLayer"], {
    cwd: layer,
    env: { ...env, ARTIFACTS_DIR: artifacts, ...environment },
    encoding: "utf8",
  });
  return { status, stderr, names: status === 0 ? readdirSync(join(artifacts, "model")) : [] };
}

/** What SAM compares before it builds again: the paths and bytes below the layer's folder, links followed. */
function hashAsSam(): string {
  const hash = createHash("md5");
  const visit = (dir: string): void => {
    for (const name of readdirSync(dir).sort()) {
      const path = join(dir, name);
      if (statSync(path).isDirectory()) visit(path);
      else hash.update(relative(layer, path)).update(readFileSync(path));
    }
  };
  visit(layer);
  return hash.digest("hex");
}

test("the model that is used is the one that is packed, and there is one", () => {
  for (const name of ["one", "two", "one"]) {
    const { status, stdout } = use(name);
    assert.equal(status, 0);
    assert.match(stdout, new RegExp(`ModelName=${name}`));
    assert.deepEqual(readdirSync(layer).sort(), ["Makefile", name].sort());
    assert.deepEqual(build().names, [name]);
    assert.equal(
      readFileSync(join(root, `artifacts/model/${name}/model.onnx`), "utf8"),
      `weights of ${name}`,
    );
  }
});

test("another model, and the same one trained again, are another content for SAM's cache", () => {
  use("one");
  const first = hashAsSam();
  writeFileSync(join(models, "one/model.onnx"), "trained again");
  const retrained = hashAsSam();
  use("two");
  assert.equal(new Set([first, retrained, hashAsSam()]).size, 3);
});

test("MODEL in the environment, which SAM's cache does not see, is refused unless it is what is packed", () => {
  use("one");
  assert.deepEqual(build({ MODEL: "one" }).names, ["one"]);
  const { status, stderr } = build({ MODEL: "two" });
  assert.notEqual(status, 0);
  assert.match(stderr, /npm run model -- use two/);
});

test("a model that is not there and a layer without one are refused, and what to do is said", () => {
  const { status, stderr } = use("absent");
  assert.equal(status, 10);
  assert.match(stderr, /MODEL_INVALID.*absent.*config\.json.*npm run model -- list/);
  const none = build();
  assert.notEqual(none.status, 0);
  assert.match(none.stderr, /npm run model -- use NAME/);
});

test("weights that lie beside the graph are packed with it", () => {
  writeFileSync(join(models, "one/model.onnx_data"), "more");
  writeFileSync(join(models, "one/model.onnx.bak"), "not this");
  use("one");
  build();
  assert.deepEqual(readdirSync(join(root, "artifacts/model/one")).sort(), [
    "config.json",
    "model.onnx",
    "model.onnx_data",
    "preprocessor_config.json",
  ]);
});

test("the project packs its default model, from models/", () => {
  const link = readlinkSync(join(PROJECT_DIR, "layers/model", DEFAULT_MODEL));
  assert.equal(join(PROJECT_DIR, "layers/model", link), join(MODELS_DIR, DEFAULT_MODEL));
});
