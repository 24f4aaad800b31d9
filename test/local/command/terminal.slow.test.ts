import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { copyFile, mkdir, readdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { cellsOf } from "../../../src/local/command/cells.ts";
import { PROJECT_DIR } from "../../../src/local/template.ts";
import { writeConfusedModel } from "../../confused-model.ts";
import { FIXTURES, temporaryFolder } from "./harness.ts";

const LIMIT = { timeout: 90_000 };
const BIN = join(PROJECT_DIR, "bin/graviton-image-classifier");
const needsScript = spawnSync("script", ["--version"]).error !== undefined && "needs util-linux's script";

/** Runs a shell command on a pseudo-terminal of so many columns. */
function onTerminal(columns: number, command: string) {
  return spawnSync("script", ["-qec", `stty cols ${columns} rows 30; ${command}`, "/dev/null"], {
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1" },
  });
}

/** What a terminal shows in the end: `\r` and "clear the line" are obeyed, and nothing else is expected. */
function screenOf(output: string): string[] {
  return output.split("\n").map((line) => {
    const shown = line.split("\x1b[K").at(-1) ?? "";
    const text = shown.replaceAll(/^\r+|\r+$/g, "");
    assert.ok(!/\r/.test(text) && !text.includes("\x1b"), "no other control sequences");
    return text;
  });
}

const NAMES = [
  "a-name-that-is-much-longer-than-the-terminal-gives-room-for-in-its-first-column.png",
  "写真の名前が広い文字でできている場合.png",
  "evil-\u202Egnp.png",
  ...Array.from({ length: 19 }, (_, index) => `${index}.png`),
];

for (const columns of [60, 80, 160]) {
  test(`on ${columns} columns no row wraps, columns align, and the summary stands below the rows`, {
    ...LIMIT,
    skip: needsScript,
  }, async (t) => {
    const dir = await temporaryFolder(t);
    for (const name of NAMES) await copyFile(join(FIXTURES, "icon-1.png"), join(dir, name));
    await writeFile(
      join(dir, "z.png"),
      "no image, and the reason of this rejection is long enough to be cut",
    );
    const run = onTerminal(columns, `cd '${dir}'; ${BIN} classify .`);
    assert.equal(run.status, 0);
    assert.doesNotMatch(run.stdout, /\u202E/);
    const screen = screenOf(run.stdout).filter((line) => line !== "");
    for (const line of screen) assert.ok(cellsOf(line) <= columns, `${cellsOf(line)} cells: ${line}`);
    const rows = screen.slice(0, NAMES.length + 1);
    assert.equal(rows.filter((row) => / icon /.test(row)).length, NAMES.length);
    const starts = new Set(rows.map((row) => cellsOf(row.slice(0, row.search(/ (icon|UNSUPP)/)))));
    assert.equal(starts.size, 1, `labels begin in one column: ${[...starts]}`);
    assert.match(screen.at(-1) ?? "", /^23 pictures in [\d.]+ s: 22 classified, 1 rejected$/);
  });
}

for (const columns of [60, 80, 160]) {
  test(`on ${columns} columns two models are compared, and no line wraps`, {
    ...LIMIT,
    skip: needsScript,
  }, async (t) => {
    const other = await writeConfusedModel(await temporaryFolder(t));
    const run = onTerminal(columns, `cd '${FIXTURES}'; ${BIN} classify *.png *.jpg --compare ${other}`);
    assert.equal(run.status, 0, run.stdout);
    const screen = screenOf(run.stdout).filter((line) => line !== "");
    for (const line of screen) assert.ok(cellsOf(line) <= columns, `${cellsOf(line)} cells: ${line}`);
    assert.ok(screen.includes("A upload-triage, B confused"));
    assert.match(screen[1] ?? "", /^They agree on \d+ of \d+, score \+0\.0 points where they agree$/);
    assert.match(screen[2] ?? "", /^B takes [\d.]+ of A's time/);
    assert.ok(
      screen.some((line) => /^icon-1\.png +icon +([\d.]+%) +photo +\1$/.test(line)),
      screen.join("\n"),
    );
    // A table where it fits, the confused pairs where it does not.
    const table = /^icon( +·)+ +1( +·)*$/;
    assert.equal(
      screen.some((line) => table.test(line)),
      columns === 160,
    );
    assert.equal(
      screen.some((line) => /^ +1 {2}icon → photo$/.test(line)),
      columns < 160,
    );
  });
}

test("compared models are data, too: a table of commas, or an object a line", LIMIT, async (t) => {
  const other = await writeConfusedModel(await temporaryFolder(t));
  const args = ["classify", "icon-1.png", "README.md", "--compare", other];
  const csv = spawnSync(BIN, [...args, "--csv"], { cwd: FIXTURES, encoding: "utf8" });
  assert.match(
    csv.stdout,
    /^file,label_a,score_a,ms_a,label_b,score_b,ms_b\r\nicon-1\.png,icon,[\d.]+,[\d.]+,photo,[\d.]+,[\d.]+\r\n$/,
  );
  assert.match(csv.stderr, /README\.md +UNSUPPORTED_FORMAT/);
  const json = spawnSync(BIN, [...args, "--json"], { cwd: FIXTURES, encoding: "utf8" });
  assert.equal((JSON.parse(json.stdout) as { b: { label: string } }).b.label, "photo");
});

test(
  "a watched folder: what is there, what comes into a subfolder, what changes; Ctrl-C tells what was done",
  LIMIT,
  async (t) => {
    const dir = await temporaryFolder(t);
    await mkdir(join(dir, "deeper"));
    await copyFile(join(FIXTURES, "icon-1.png"), join(dir, "first.png"));
    const child = spawn(BIN, ["classify", "--watch", "."], { cwd: dir });
    t.after(() => child.kill("SIGKILL"));
    let [output, errors] = ["", ""];
    child.stdout.on("data", (chunk) => (output += chunk));
    child.stderr.on("data", (chunk) => (errors += chunk));
    const until = async (isThere: () => boolean) => {
      while (!isThere()) await new Promise((resolve) => setTimeout(resolve, 50));
    };
    await until(() => errors.includes("Watching .; Ctrl-C ends."));
    assert.match(output, /^first\.png +icon /);
    await writeFile(join(dir, "notes.txt"), "no image");
    await copyFile(join(FIXTURES, "photo-1.jpg"), join(dir, "deeper/second.jpg"));
    await until(() => /^deeper\/second\.jpg +photo /m.test(output));
    await copyFile(join(FIXTURES, "barcode-1.png"), join(dir, "first.png"));
    await until(() => /^first\.png +barcode /m.test(output));
    child.kill("SIGINT");
    const [status] = (await once(child, "close")) as [number];
    assert.equal(status, 130);
    assert.match(errors, /Ended after 3\. 3 pictures in [\d.]+ s: 3 classified/);
  },
);

test("in a pipe names and reasons are whole, and nothing is coloured", LIMIT, async (t) => {
  const dir = await temporaryFolder(t);
  const [long = ""] = NAMES;
  await copyFile(join(FIXTURES, "icon-1.png"), join(dir, long));
  const { stdout, stderr, status } = spawnSync(BIN, ["classify", "."], { cwd: dir, encoding: "utf8" });
  assert.match(stdout, new RegExp(`^${long}  icon `));
  assert.ok(!(stdout + stderr).includes("\x1b"));
  assert.equal(status, 0);
});

test("symbolic links to images and folders are followed, and a link to nothing is told", LIMIT, async (t) => {
  const dir = await temporaryFolder(t);
  const other = await temporaryFolder(t);
  await copyFile(join(FIXTURES, "icon-1.png"), join(other, "inside.png"));
  await mkdir(join(dir, "images"));
  await symlink(other, join(dir, "images/linked"));
  await symlink(join(dir, "images"), join(dir, "images/loop"));
  await symlink(join(FIXTURES, "photo-1.jpg"), join(dir, "images/photo.jpg"));
  await symlink(join(dir, "gone.jpg"), join(dir, "images/dangling.jpg"));
  const { stdout, stderr, status } = spawnSync(BIN, ["classify", "images", "--csv"], {
    cwd: dir,
    encoding: "utf8",
  });
  const [header, first, second, ...others] = stdout.trimEnd().split("\n");
  assert.equal(header?.trimEnd(), "file,status,label,score,code,message,model,ms");
  assert.match(first ?? "", /^images\/linked\/inside\.png,classified,icon,[\d.]+,,,upload-triage,[\d.]+/);
  assert.match(second ?? "", /^images\/photo\.jpg,classified,photo,/);
  assert.deepEqual(others, []);
  assert.match(stderr, /images\/dangling\.jpg: a link to nothing/);
  assert.equal(status, 1);
});

test("npm run from a subfolder takes paths as they are typed, and - is an image on stdin", LIMIT, () => {
  const { stdout, status } = spawnSync(
    "npm",
    ["run", "--silent", "start", "--", "icon-1.png", "-", "--json"],
    {
      cwd: FIXTURES,
      encoding: "utf8",
      input: readFileSync(join(FIXTURES, "photo-1.jpg")),
    },
  );
  const [first, second] = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  assert.equal(first.name, "icon-1.png");
  assert.equal(second.document.predictions[0].label, "photo");
  assert.equal(status, 0);
});

for (const ending of ["| head -1", "interrupt"] as const) {
  test(`${ending} ends in peace and leaves no temporary folder`, LIMIT, async (t) => {
    const temp = await temporaryFolder(t);
    const images = await temporaryFolder(t);
    for (let index = 0; index < 40; index++)
      await copyFile(join(FIXTURES, "photo-1.jpg"), join(images, `${index}.jpg`));
    const env = { ...process.env, TMPDIR: temp };
    let stderr = "";
    if (ending === "| head -1") {
      const script = `set -o pipefail; ${BIN} classify '${images}' --json | head -1 > /dev/null`;
      const run = spawnSync("bash", ["-c", script], { encoding: "utf8", env });
      stderr = run.stderr;
      assert.equal(run.status, 141);
      assert.doesNotMatch(stderr, /EPIPE| at /);
    } else {
      const child = spawn(BIN, ["classify", images], { env });
      child.stderr.on("data", (chunk) => (stderr += chunk));
      await once(child.stdout, "data");
      child.kill("SIGINT");
      const [code] = await once(child, "close");
      assert.equal(code, 130);
      assert.match(stderr, /Ended after \d+ of 40 files\. \d+ pictures? in [\d.]+ s: \d+ classified/);
    }
    assert.deepEqual(await readdir(temp), []);
  });
}

test("a bad model is said once, without a stack", LIMIT, async (t) => {
  const dir = await temporaryFolder(t);
  await writeFile(join(dir, "config.json"), "{}");
  const args = ["classify", "--model", dir, join(FIXTURES, "icon-1.png")];
  const { stderr, status } = spawnSync(BIN, args, { encoding: "utf8" });
  assert.match(
    stderr,
    /did not start with the model .*: expected (one of model\.onnx|preprocessor_config\.json)/,
  );
  assert.equal(stderr.trim().split("\n").length, 1);
  assert.equal(status, 1);
});

test(
  "one program: its help names every command, each has a version, and wrong usage is 2 everywhere",
  LIMIT,
  () => {
    const run = (...args: string[]) => spawnSync(BIN, args, { encoding: "utf8" });
    const help = run("--help");
    assert.equal(help.status, 0);
    const commands = "start classify invoke model verify bench profile cold-start cost".split(" ");
    for (const command of commands) {
      assert.match(help.stdout, new RegExp(`^  ${command} `, "m"));
      const own = run(command, "--help");
      assert.equal(own.status, 0, command);
      assert.match(own.stdout, new RegExp(`^Usage: graviton-image-classifier ${command} `));
      assert.equal(run(command, "--no-such-flag").status, 2, command);
      assert.match(run(command, "--version").stdout, /^\d+\.\d+\.\d+\n$/, command);
    }
    assert.equal(run("no-such-command").status, 2);
  },
);

test("twenty pictures have a progress bar on a terminal", {
  timeout: 90_000,
  skip: spawnSync("script", ["--version"]).error !== undefined && "needs the script command of util-linux",
}, async (t) => {
  const dir = await temporaryFolder(t);
  for (let index = 0; index < 20; index++)
    await copyFile(join(FIXTURES, "icon-1.png"), join(dir, `${index}.png`));
  const start = join(PROJECT_DIR, "src/local/start.ts");
  const command = [process.execPath, start, dir].map((part) => `'${part}'`).join(" ");
  const { stdout, status } = spawnSync("script", ["-qec", command, "/dev/null"], { encoding: "utf8" });
  assert.equal(status, 0);
  assert.match(stdout, /classify .*\d+% \| \d+\/20 pictures/);
  assert.match(stdout, /20 pictures in [\d.]+ s: 20 classified/);
});
