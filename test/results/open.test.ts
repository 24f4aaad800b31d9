import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { PutObjectCommand } from "@aws-sdk/client-s3";
import { claimDataDir, keepResultsAs } from "../../src/local/data-dir.ts";
import { startS3 } from "../../src/local/s3/server.ts";
import { RESULTS_BUCKET, UPLOADS_BUCKET } from "../../src/local/stack-events.ts";
import { openPlace } from "../../src/results/open.ts";
import { readResultOf } from "../../src/results/read.ts";

test("results are read by the endpoint of the process that holds the data folder, and without it once that has ended", async (t) => {
  const data = await mkdtemp(join(tmpdir(), "results-"));
  t.after(() => rm(data, { recursive: true }));
  const options = { annotation: "classification", data };
  const read = async () => {
    const { s3, place, close } = await openPlace(options);
    try {
      return await readResultOf(s3, place, "a.png");
    } finally {
      await close();
    }
  };
  const claim = claimDataDir(data);
  await assert.rejects(read(), /in use by process \d+/, "nothing was announced yet");

  const server = await startS3({ dataDir: join(data, "s3"), buckets: [UPLOADS_BUCKET, RESULTS_BUCKET] });
  t.after(() => server.close());
  claim.announce(server.url);
  const source = { bucket: UPLOADS_BUCKET, key: "a.png" };
  const result = { status: "rejected", source, model: { sha256: "0" }, error: { code: "INVALID_IMAGE" } };
  const { s3, close } = await openPlace({ ...options, endpointUrl: server.url });
  const Body = JSON.stringify(result);
  await s3.send(new PutObjectCommand({ Bucket: RESULTS_BUCKET, Key: "a.png.json", Body }));
  await close();
  assert.deepEqual(await read(), result);

  await server.close();
  claim.release();
  assert.deepEqual(await read(), result);

  keepResultsAs(data, "lines");
  const last = await openPlace(options);
  assert.equal(last.place.as, "lines");
  await last.close();
});
