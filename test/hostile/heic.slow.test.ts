import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { MAX_DECODE_SECONDS } from "../../src/function/stages/decode/limit.ts";
import { type HostileFunction, startHostileFunction } from "./function.ts";
import { endlessHeic } from "./heic.ts";

// The built bundle under the runtime interface client, with the template's memory and time.

const read = (name: string) => readFileSync(join(import.meta.dirname, "../fixtures", name));
const PHONE = read("heic/phone.heic");
/** With a thumbnail that nothing refers to any more. */
const inFull = () => Buffer.from(PHONE.toString("latin1").replace("thmb", "none"), "latin1");
/** What V8 and the allocator keep, and what the thread itself takes. */
const KEPT_BYTES = 64 * 2 ** 20;

let running: HostileFunction;
before(async () => {
  running = await startHostileFunction(join(import.meta.dirname, "../../models/upload-triage"));
});
after(() => running.close());

test("a HEIC without end is stopped, comes back alone, and its ten neighbours and the next HEIC are classified", async () => {
  const names = ["photo-1.jpg", "chart-1.png", "photo-2.jpg", "document-1.png", "icon-1.png"];
  const good = names.flatMap((name) => [0, 1].map((i) => [`${i} ${name}`, read(name)] as const));
  const uploads = new Map<string, Buffer>([
    ...good.slice(0, 5),
    ["endless.heic", endlessHeic()],
    ...good.slice(5),
  ]);
  const unharmed = await running.judge("before.heic", inFull());
  assert.equal(unharmed.outcome, "classified");
  const verdicts = await running.judgeTogether(uploads);
  for (const [key, { outcome, detail, durationMs }] of verdicts) {
    if (key !== "endless.heic") assert.equal(outcome, "classified", `${key}: ${detail}`);
    else {
      assert.equal(outcome, "FAILED");
      assert.deepEqual(JSON.parse(detail), { batchItemFailures: [{ itemIdentifier: "message-5" }] });
      assert.ok(durationMs > 1000 * MAX_DECODE_SECONDS - 500, `it has its time, and took ${durationMs} ms`);
    }
  }
  const next = await running.judge("after.heic", inFull());
  assert.equal(next.detail, unharmed.detail);
  const grown = next.peakBytes - unharmed.peakBytes;
  assert.ok(grown < KEPT_BYTES, `${Math.round(grown / 2 ** 20)} MiB more than before`);
  assert.equal((await running.judge("thumbnail.heic", PHONE)).outcome, "classified");
});

test("HEICs at once, in full and by thumbnail, are classified as each alone", async () => {
  const alone = [await running.judge("full.heic", inFull()), await running.judge("small.heic", PHONE)];
  const uploads = new Map(
    ["a", "b", "c", "d"].map((key, i) => [`${key}.heic`, i % 2 === 0 ? inFull() : PHONE]),
  );
  const together = [...(await running.judgeTogether(uploads)).values()];
  for (const [i, { detail }] of together.entries()) assert.equal(detail, alone[i % 2]?.detail);
});
