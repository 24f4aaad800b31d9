import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startLatencyProxy } from "./latency.ts";
import { startUploads } from "./uploads.ts";

/** Asks for events of all these pictures, uploaded anew, so many to each. */
export interface StorageRequest {
  pictures: readonly Uint8Array[];
  batch: number;
}

export type StorageReply = { type: "started"; url: string } | { type: "uploaded"; events: unknown[] };

// S3 in a process of its own: its work is nobody else's. Forked by storage.ts; the argument is a request's latency in ms.
const dir = await mkdtemp(join(tmpdir(), "storage-"));
const uploads = await startUploads(join(dir, "s3"));
const proxy = await startLatencyProxy(Number(new URL(uploads.url).port), Number(process.argv[2]));
process.send?.({ type: "started", url: `http://127.0.0.1:${proxy.port}` } satisfies StorageReply);

process.on("message", async ({ pictures, batch }: StorageRequest) => {
  const events: unknown[] = [];
  for (let i = 0; i < pictures.length; i += batch)
    events.push(await uploads.upload(pictures.slice(i, i + batch)));
  process.send?.({ type: "uploaded", events } satisfies StorageReply);
});
process.on("disconnect", async () => {
  proxy.close();
  await uploads.close();
  await rm(dir, { recursive: true, force: true });
  process.exit();
});
