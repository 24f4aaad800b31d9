import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { PROJECT_DIR } from "../../src/local/template.ts";
import { countFunction, DEFAULT_CPU } from "../../src/measure/arm64/count.ts";
import { stagesOf } from "../../src/measure/arm64/count-report.ts";
import ceilings from "./ceilings.json" with { type: "json" };

/** Of committed pictures, since a generated one depends on the encoder. */
const PICTURES = ["photo-1.jpg", "photo-2.jpg", "document-2.jpg", "barcode-2.jpg", "blank-1.jpg"];
/** Two repeated runs differ by less: `npm run profile -- --arm64`. */
const MOST_MORE = 0.02;
const [BATCHES, BATCH] = [2, 10];

const pictures = Array.from({ length: BATCHES * BATCH }, (_, i) =>
  join(PROJECT_DIR, "test/fixtures", PICTURES[i % PICTURES.length] ?? ""),
);

test("no stage of the deployed function takes 2% more instructions on a Neoverse N1 than its ceiling", async (t) => {
  const report = await countFunction(pictures, {
    modelDir: join(PROJECT_DIR, "models/upload-triage"),
    cpu: DEFAULT_CPU,
    onStep: () => {},
  }).catch((error: Error) => error);
  if (report instanceof Error) {
    // On a developer's machine without QEMU this is no failure; where everything must hold, it is.
    if (process.env.CI || !/^Counting instructions needs/.test(report.message)) throw report;
    t.skip(report.message);
    return;
  }
  const counted: Record<string, number> = Object.fromEntries(stagesOf(report));
  t.diagnostic(
    JSON.stringify(Object.fromEntries(Object.entries(counted).map(([name, n]) => [name, Math.round(n)]))),
  );
  assert.ok(report.all.dot > 0, "the kernels with dot products were not taken");
  for (const [name, ceiling] of Object.entries(ceilings.instructionsPerPicture)) {
    const instructions = counted[name];
    assert.ok(instructions !== undefined && instructions > 0, `${name} ran`);
    assert.ok(
      instructions <= ceiling * (1 + MOST_MORE),
      `${name}: ${(instructions / 1e6).toFixed(2)} M instructions, the ceiling in test/artifact/ceilings.json is ` +
        `${(ceiling / 1e6).toFixed(2)} M: \`npm run profile -- --arm64 --compare …\` shows where they are`,
    );
  }
});
