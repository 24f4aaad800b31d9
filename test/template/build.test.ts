import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fields, list, ofType, properties, ROOT, resources, source } from "./read.ts";

// What `sam build` documents for BuildMethod esbuild; since SAM CLI 1.85 any other name is handed to esbuild as a flag, so
// that a misspelt one is noticed only there.
const ESBUILD_PROPERTIES = {
  list: ["Banner", "EntryPoints", "External", "Loader", "OutExtension"],
  text: ["Format", "MainFields", "SourcesContent", "Target"],
  flag: ["Minify", "UseNpmCi", "sourcemap"],
};

const metadata = (id: string) => fields(fields(resources[id], id).Metadata, `${id}.Metadata`);
const build = fields(metadata("ClassifierFunction").BuildProperties);
const readJson = (path: string) => JSON.parse(readFileSync(join(ROOT, path), "utf8"));

test("the function is built with esbuild, and every build property is one that SAM knows, in the form it takes", () => {
  assert.equal(metadata("ClassifierFunction").BuildMethod, "esbuild");
  for (const [name, value] of Object.entries(build)) {
    if (ESBUILD_PROPERTIES.list.includes(name)) {
      assert.ok(
        Array.isArray(value) && value.every((item) => typeof item === "string"),
        `${name}: expected a list`,
      );
    } else if (ESBUILD_PROPERTIES.flag.includes(name)) {
      assert.equal(typeof value, "boolean", `${name}: expected true or false`);
    } else {
      assert.ok(
        ESBUILD_PROPERTIES.text.includes(name),
        `${name} is no build property of SAM's esbuild builder`,
      );
      assert.equal(typeof value, "string", `${name}: expected a string`);
    }
  }
});

test("the bundle is a minified ES module for Node 24 with a source map, the native packages left to the layer", () => {
  assert.deepEqual(
    { format: build.Format, target: build.Target, minify: build.Minify, sourcemap: build.sourcemap },
    { format: "esm", target: "node24", minify: true, sourcemap: true },
  );
  // Its map is for people: SAM sets --enable-source-maps, and lengthens each cold start, where it finds `Sourcemap`.
  assert.equal(build.Sourcemap, undefined);
  assert.deepEqual(build.OutExtension, [".js=.mjs"]);
  assert.deepEqual(
    [...list(build.External)].sort(),
    Object.keys(readJson("layers/native/package.json").dependencies).sort(),
  );
});

test("the handler is what the entry point exports", () => {
  const [entry, ...others] = list(build.EntryPoints).map(String);
  assert.deepEqual(others, ["src/function/heic-worker.ts", "src/function/decode-process.ts"]);
  assert.ok(entry !== undefined && existsSync(join(ROOT, entry)), `${entry} does not exist`);
  assert.match(readFileSync(join(ROOT, entry), "utf8"), /^export (const|async function|function) handler\b/m);
  assert.equal(properties("ClassifierFunction").Handler, "handler.handler");
});

test("the function and its layers are for arm64 and one runtime", () => {
  const { Architectures, Runtime } = properties("ClassifierFunction");
  assert.deepEqual(Architectures, ["arm64"]);
  assert.equal(Runtime, "nodejs24.x");
  const layers = ofType("AWS::Serverless::LayerVersion");
  assert.deepEqual(
    layers.map(([id]) => ({ Ref: id })),
    properties("ClassifierFunction").Layers,
  );
  for (const [id, layer] of layers) {
    assert.deepEqual(layer.CompatibleArchitectures, Architectures, id);
    assert.deepEqual(layer.CompatibleRuntimes, [Runtime], id);
    // SAM assumes x86_64 without it, whatever CompatibleArchitectures says.
    assert.equal(metadata(id).BuildArchitecture, "arm64", id);
  }
});

test("each layer has a Makefile with the target that SAM calls, and stays for a rollback", () => {
  for (const [id, layer] of ofType("AWS::Serverless::LayerVersion")) {
    assert.equal(metadata(id).BuildMethod, "makefile");
    const makefile = readFileSync(join(ROOT, String(layer.ContentUri), "Makefile"), "utf8");
    assert.match(makefile, new RegExp(`^build-${id}:`, "m"));
    assert.equal(layer.RetentionPolicy, "Retain");
  }
});

test("the native layer refuses an npm that would pack another machine's binaries, and says which to take", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "old-npm-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  for (const [version, isTaken] of [
    ["9.2.0", false],
    ["10.0.0", false],
    ["10.1.0", true],
    ["11.0.0", true],
  ] as const) {
    // Fails as soon as it is to install something.
    writeFileSync(join(folder, "npm"), `#!/bin/sh\n[ "$1" = --version ] && echo ${version} || exit 9\n`, {
      mode: 0o755,
    });
    const env = { PATH: `${folder}:${process.env.PATH}`, ARTIFACTS_DIR: join(folder, "layer") };
    const options = { encoding: "utf8", env, cwd: join(ROOT, "layers/native") } as const;
    const { stderr } = spawnSync("make", ["build-NativeLayer"], options);
    assert.equal(/npm 10\.1 or newer is needed/.test(stderr), !isTaken, version);
  }
});

test("SAM builds in source, where the model layer's Makefile finds models/", () => {
  assert.match(readFileSync(join(ROOT, "samconfig.toml"), "utf8"), /^build_in_source = true$/m);
});

test("SAM installs what the lockfile says, development packages too, since esbuild is one of them", () => {
  assert.equal(build.UseNpmCi, true);
  assert.ok("esbuild" in readJson("package.json").devDependencies);
});

test("the native layer's packages have the versions that the tests here run with", () => {
  const root = readJson("package.json").dependencies;
  const layer = readJson("layers/native/package.json").dependencies;
  assert.ok(Object.keys(layer).length > 0);
  for (const [name, version] of Object.entries(layer)) assert.equal(version, root[name], name);
  const makefile = readFileSync(join(ROOT, "layers/native/Makefile"), "utf8");
  const packed = new Set(/^RUNTIME := ((?:.*\\\n)*.*)/m.exec(makefile)?.[1]?.match(/[^\s\\]+/g));
  for (const name of Object.keys(layer))
    assert.ok(packed.has(name), `${name} is not in the Makefile's RUNTIME`);
  const [rootLock, layerLock] = [readJson("package-lock.json"), readJson("layers/native/package-lock.json")];
  for (const [path, entry] of Object.entries<{ version?: string; integrity?: string }>(layerLock.packages)) {
    // The others serve install scripts, and are not packed.
    if (!packed.has(path.replace("node_modules/", ""))) continue;
    assert.equal(entry.version, rootLock.packages[path]?.version, `${path} in the two lockfiles`);
    assert.equal(entry.integrity, rootLock.packages[path]?.integrity, `${path} in the two lockfiles`);
  }
});

test("the native layer's lockfile names hashes and no registry", () => {
  const text = readFileSync(join(ROOT, "layers/native/package-lock.json"), "utf8");
  assert.doesNotMatch(text, /"resolved"/);
  assert.match(text, /"integrity": "sha512-/);
});

test("the template uses no YAML anchors, which CloudFormation does not read", () => {
  assert.doesNotMatch(source, /[:-] [&*][A-Za-z]/);
});
