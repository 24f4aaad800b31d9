import assert from "node:assert/strict";
import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { FIXTURES, runCommand, temporaryFolder } from "./harness.ts";

const LIMIT = { timeout: 90_000 };

test(
  "a text file named .jpg is UNSUPPORTED_FORMAT, the others go on, and the status is 0",
  LIMIT,
  async (t) => {
    const notes = join(await temporaryFolder(t), "notes.jpg");
    await writeFile(notes, "no picture");
    const photo = join(FIXTURES, "photo-1.jpg");
    const { code, stdout, stderr } = await runCommand(t, "start", [
      notes,
      photo,
      "--json",
      "--concurrency",
      "1",
    ]);
    const [first, second, ...others] = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    assert.deepEqual(others, []);
    assert.equal(first.name, notes);
    assert.equal(first.document.error.code, "UNSUPPORTED_FORMAT");
    assert.equal(second.document.predictions[0].label, "photo");
    assert.equal(stderr, "");
    assert.equal(code, 0);
  },
);

test(
  "the pictures of a folder are classified by name, a missing file is told, and the status is 1",
  LIMIT,
  async (t) => {
    const dir = await temporaryFolder(t);
    await mkdir(join(dir, "inner"));
    await copyFile(join(FIXTURES, "icon-1.png"), join(dir, "b.png"));
    await copyFile(join(FIXTURES, "document-1.png"), join(dir, "inner/a.png"));
    await writeFile(join(dir, "notes.txt"), "left alone");
    const { code, stdout, stderr } = await runCommand(t, "start", [dir, "missing.jpg"]);
    const lines = stdout.split("\n");
    assert.match(lines[0] ?? "", / icon +\d/);
    assert.match(lines[1] ?? "", / document +\d/);
    assert.match(stdout, /\n2 pictures in [\d.]+ s: 2 classified\n$/);
    assert.doesNotMatch(stdout, /\p{Cc}\[/u, "no colours in a pipe");
    assert.equal(stderr, "missing.jpg: no such file\n");
    assert.equal(code, 1);
  },
);

test("--help names every flag and the exit statuses", LIMIT, async (t) => {
  const { code, stdout } = await runCommand(t, "start", ["--help"]);
  for (const flag of "model concurrency memory timeout port data no-samples open json csv strict".split(
    " ",
  )) {
    assert.match(stdout, new RegExp(`--${flag}\\b`));
  }
  assert.match(stdout, /Exit status: 0 .*, 1 .*, 2 .*, 130\s+interrupted/);
  assert.equal(code, 0);
});

for (const { args, message } of [
  { args: ["--modle", "x"], message: /unknown option '--modle'\n\(Did you mean --model\?\)/ },
  { args: ["--model", "absent"], message: /^No model "absent": .*there are? .*upload-triage/ },
  { args: ["--concurrency", "0"], message: /whole number from 1 to 64/ },
  { args: ["--port", "http"], message: /whole number from 0 to 65534/ },
  { args: ["photo.jpg", "--csv", "--json"], message: /expected --csv or --json, got both/ },
]) {
  test(`npm start -- ${args.join(" ")} says what is wrong, and the status is 2`, LIMIT, async (t) => {
    const { code, stdout, stderr } = await runCommand(t, "start", args);
    assert.match(stderr, message);
    assert.equal(stdout, "");
    assert.equal(code, 2);
  });
}

test(
  "an image on stdin is called stdin, and with --strict a rejected one makes the status 1",
  LIMIT,
  async (t) => {
    const { code, stdout } = await runCommand(t, "start", ["-", "--csv", "--strict", "--concurrency", "1"]);
    assert.match(stdout, /^stdin,rejected,.*OBJECT_EMPTY/m);
    assert.equal(code, 1);
  },
);

test("a file that is not there is told, and the status is 1", LIMIT, async (t) => {
  const { code, stderr } = await runCommand(t, "start", ["absent.jpg"]);
  assert.equal(stderr, "absent.jpg: no such file\n");
  assert.equal(code, 1);
});
