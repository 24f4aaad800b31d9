import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import sharp from "sharp";
import { generatedWorkload, generatePicture, PICTURE_KINDS, picturesIn } from "../../src/measure/workload.ts";

const TINY = { ...PICTURE_KINDS.small, name: "tiny", width: 64, height: 48 };

async function temporaryFolder(test: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "workload-"));
  test.after(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

test("the same seed and index give the same bytes, others give others", async () => {
  const [first, again, other] = await Promise.all([
    generatePicture(TINY, 1, 0),
    generatePicture(TINY, 1, 0),
    generatePicture(TINY, 1, 1),
  ]);
  assert.deepEqual(first, again);
  assert.notDeepEqual(first, other);
});

test("a small picture is as large as those of ImageNet", async () => {
  const bytes = await generatePicture(PICTURE_KINDS.small, 2026, 0);
  const { format, width, height } = await sharp(bytes).metadata();
  assert.deepEqual({ format, width, height }, { format: "jpeg", width: 500, height: 375 });
  assert.ok(bytes.length > 60_000 && bytes.length < 200_000, `${bytes.length} bytes`);
});

test("a workload is made once and found again", async (t) => {
  const dir = await temporaryFolder(t);
  const paths = await generatedWorkload(TINY, 3, dir);
  const [first = ""] = paths;
  await writeFile(first, "kept");
  assert.deepEqual(await generatedWorkload(TINY, 3, dir), paths);
  assert.equal(await readFile(first, "utf8"), "kept");
  const [folder = ""] = await readdir(dir);
  assert.equal((await readdir(join(dir, folder))).length, 3, "no unfinished file is left");
});

test("a folder without pictures is refused by name", async (t) => {
  const dir = await temporaryFolder(t);
  await writeFile(join(dir, "notes.txt"), "no picture");
  await assert.rejects(picturesIn(dir), new RegExp(`in ${dir}, found none`));
});
