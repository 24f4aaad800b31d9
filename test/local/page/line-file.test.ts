import assert from "node:assert/strict";
import { appendFile, mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { LineFile } from "../../../src/local/page/line-file.ts";

async function path(t: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "lines-"));
  t.after(() => rm(dir, { recursive: true, force: true }));
  return join(dir, "values.jsonl");
}

test("values come back in their order, and a half-written line harms none of its neighbours", async (t) => {
  const file = await path(t);
  const first = new LineFile<{ n: number }>(file, 1_000);
  assert.deepEqual(await first.read(), []);
  first.append({ n: 1 });
  first.append({ n: 2 });
  await first.close();
  // A process that is killed while it writes.
  await appendFile(file, '\n{"n":3');
  const second = new LineFile<{ n: number }>(file, 1_000);
  second.append({ n: 4 });
  await second.close();
  assert.deepEqual(await second.read(), [{ n: 1 }, { n: 2 }, { n: 4 }]);
});

test("it stays within its bounds, and the newest values are kept", async (t) => {
  const file = await path(t);
  const lines = new LineFile<{ n: number }>(file, 200);
  for (let n = 0; n < 500; n += 1) {
    lines.append({ n });
    await lines.close();
  }
  const sizes = await Promise.all([file, `${file}.old`].map(async (each) => (await stat(each)).size));
  assert.ok(sizes[0] !== undefined && sizes[1] !== undefined && sizes[0] + sizes[1] < 260, sizes.join());
  assert.deepEqual((await lines.read()).at(-1), { n: 499 });
  assert.match(await readFile(file, "utf8"), /\{"n":499\}$/);
});
