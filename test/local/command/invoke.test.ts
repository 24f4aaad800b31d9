import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { runCommand, temporaryFolder } from "./harness.ts";

const LIMIT = { timeout: 90_000 };

test("an event is answered on stdout, and the function's log goes to stderr", LIMIT, async (t) => {
  const { code, stdout, stderr } = await runCommand(t, "invoke", ["events/direct.json", "--json"]);
  assert.equal(stdout.trim().split("\n").length, 1);
  assert.equal(JSON.parse(stdout).predictions[0].label, "photo");
  assert.match(stderr, /s3:\/\/uploads\/photo-1\.jpg: uploaded from the samples/);
  assert.match(stderr, /^REPORT RequestId: /m);
  assert.equal(code, 0);
});

test(
  "an event from stdin that the function refuses is answered with its error, and the status is 1",
  LIMIT,
  async (t) => {
    const { code, stdout } = await runCommand(t, "invoke", ["-"], '{"hello":1}');
    assert.match(JSON.parse(stdout).errorMessage, /hello/);
    assert.equal(code, 1);
  },
);

test("a missing event file, and one that is no JSON, are told in a sentence", LIMIT, async (t) => {
  const file = join(await temporaryFolder(t), "event.json");
  await writeFile(file, "{");
  const missing = await runCommand(t, "invoke", ["absent.json"]);
  assert.match(missing.stderr, /^The event cannot be read: ENOENT.*absent\.json/);
  const broken = await runCommand(t, "invoke", [file]);
  assert.match(broken.stderr, /^The event should be JSON: /);
  assert.deepEqual([missing.code, broken.code], [2, 2]);
});

test(
  "an event that is answered with null shows the result that was written, and says that this is all",
  LIMIT,
  async (t) => {
    const { code, stdout, stderr } = await runCommand(t, "invoke", ["events/s3-put.json"]);
    assert.match(stdout, /^The function has done its work; .*\(null\)\.\n$/);
    assert.match(stderr, /^s3:\/\/results\/photo-1\.jpg\.json +photo +\d/m);
    assert.equal(code, 0);
  },
);
