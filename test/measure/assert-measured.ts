import assert from "node:assert/strict";
import { join } from "node:path";
import { measureWork } from "../../src/measure/cost/measure.ts";
import { REQUESTS } from "../../src/measure/cost/model.ts";

const ROOT = join(import.meta.dirname, "../..");

/** Asserts what the real function takes and asks for when it is measured with this way of publishing. */
export async function assertMeasured(resultsAs: keyof typeof REQUESTS): Promise<void> {
  const { work, batches } = await measureWork({
    resultsAs,
    modelDir: join(ROOT, "models/upload-triage"),
    pictures: ["photo-1.jpg", "chart-1.png"].map((name) => join(ROOT, "test/fixtures", name)),
    invocations: 2,
  });
  assert.deepEqual(
    batches.map(({ batch }) => batch),
    [1, 10],
  );
  for (const { wallMs, cpuMs, mainMs } of batches) assert.ok(wallMs > 0 && cpuMs > 0 && mainMs > 0);
  assert.ok(
    work.cpuPerPictureMs > 0 && work.peakMemoryMb > 50 && work.logBytes.fixed + work.logBytes.perPicture > 10,
  );
  assert.deepEqual(work.requests, REQUESTS[resultsAs]);
  assert.ok(work.resultBytesPerPicture > 300);
}
