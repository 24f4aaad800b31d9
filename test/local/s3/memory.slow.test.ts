import assert from "node:assert/strict";
import { request } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { test } from "node:test";
import { startEndpoint } from "./harness.ts";

const MIB = 1024 ** 2;
const SIZE = 256 * MIB;

test("large uploads and downloads pass through without being held in memory", async (t) => {
  const { url } = await startEndpoint(t);
  const chunk = Buffer.alloc(MIB, 7);
  let peak = 0;
  const before = process.memoryUsage().rss;
  const watch = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage().rss - before);
  }, 10);
  const upload = request(`${url}/uploads/large`, { method: "PUT", headers: { "content-length": SIZE } });
  const answered = new Promise<number>((resolve, reject) => {
    upload.on("response", (response) => resolve(response.resume().statusCode ?? 0)).on("error", reject);
  });
  const chunks = Readable.from(
    (function* () {
      for (let sent = 0; sent < SIZE; sent += MIB) yield chunk;
    })(),
  );
  await pipeline(chunks, upload);
  assert.equal(await answered, 200);
  let received = 0;
  for await (const part of (await fetch(`${url}/uploads/large`)).body ?? []) received += part.length;
  clearInterval(watch);
  assert.equal(received, SIZE);
  assert.ok(peak > 0 && peak < SIZE / 2, `${Math.round(peak / MIB)} MiB more for ${SIZE / MIB} MiB`);
});
