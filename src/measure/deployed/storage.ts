import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { commandOn } from "../cores.ts";
import { nextReply } from "../next-reply.ts";
import type { StorageReply, StorageRequest } from "./storage-process.ts";

/** S3 in another process, at a distance. */
export interface Storage {
  /** Where the function finds it. */
  readonly url: string;
  /** Uploads pictures, without the latency, and gives an SQS event for each batch of them. */
  upload(pictures: readonly Uint8Array[], batch: number): Promise<unknown[]>;
  close(): Promise<void>;
}

/**
 * @param latencyMs of a request: S3 takes about 30
 * @param cores     that it may use, as a list; by default those of this process
 */
export async function startStorage(latencyMs: number, cores?: string): Promise<Storage> {
  const [execPath, ...execArgv] = commandOn(cores, [process.execPath]);
  const child = fork(join(import.meta.dirname, "storage-process.ts"), [String(latencyMs)], {
    execPath,
    execArgv,
    serialization: "advanced",
  });
  const started = await nextReply<StorageReply>(child, "The S3 endpoint's");
  if (started.type !== "started") throw new Error("Expected the S3 endpoint to start first.");
  return {
    url: started.url,
    async upload(pictures, batch) {
      child.send({ pictures, batch } satisfies StorageRequest);
      const reply = await nextReply<StorageReply>(child, "The S3 endpoint's");
      if (reply.type !== "uploaded") throw new Error("Expected events of what was uploaded.");
      return reply.events;
    },
    async close() {
      const exited = once(child, "exit");
      child.disconnect();
      await exited;
    },
  };
}
