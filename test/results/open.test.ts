import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { claimDataDir } from "../../src/local/data-dir.ts";
import { openPlace } from "../../src/results/open.ts";

test("while `npm start` holds the data folder, the endpoint is named that has its results", async (t) => {
  const data = await mkdtemp(join(tmpdir(), "results-"));
  t.after(() => rm(data, { recursive: true }));
  const release = claimDataDir(data);
  await assert.rejects(
    openPlace({ annotation: "classification", data }),
    /in use by .* --endpoint-url http:/,
  );
  release();
});
