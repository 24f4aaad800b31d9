import { randomUUID } from "node:crypto";

/** Sent to the process that holds the function. */
export interface InvokeRequest {
  event: unknown;
}

export type InvokeReply =
  | { type: "ready"; initMs: number }
  | {
      type: "done";
      wallMs: number;
      cpuMs: number;
      mainMs: number;
      peakMemoryMb: number;
      logBytes: number;
      answer: unknown;
    }
  | { type: "failed"; message: string };

type Handler = (event: unknown, context: object) => Promise<unknown>;

// The deployed bundle, in a process of its own, so that its CPU time and memory are nobody else's.
const { handler } = (await import(`file://${process.argv[2]}`)) as { handler: Handler };
process.send?.({ type: "ready", initMs: performance.now() } satisfies InvokeReply);

/** What would go to CloudWatch Logs. */
let logBytes = 0;
const write = process.stdout.write.bind(process.stdout) as (...args: unknown[]) => boolean;
process.stdout.write = ((...args: unknown[]) => {
  const [chunk] = args;
  logBytes += typeof chunk === "string" ? Buffer.byteLength(chunk) : (chunk as Uint8Array).length;
  return write(...args);
}) as typeof process.stdout.write;

process.on("message", ({ event }: InvokeRequest) => {
  invoke(event).then(
    (reply) => process.send?.(reply),
    (error: unknown) => process.send?.({ type: "failed", message: String(error) } satisfies InvokeReply),
  );
});
process.on("disconnect", () => process.exit());

async function invoke(event: unknown): Promise<InvokeReply> {
  const cpu = process.cpuUsage();
  const main = process.threadCpuUsage();
  const start = performance.now();
  const logged = logBytes;
  const context = { awsRequestId: randomUUID(), getRemainingTimeInMillis: () => 30_000 };
  const answer = await handler(event, context);
  const wallMs = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  const used = process.threadCpuUsage(main);
  return {
    type: "done",
    wallMs,
    cpuMs: (user + system) / 1000,
    mainMs: (used.user + used.system) / 1000,
    peakMemoryMb: process.resourceUsage().maxRSS / 1024,
    logBytes: logBytes - logged,
    answer,
  };
}
