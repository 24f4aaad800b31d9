import { deflateRawSync } from "node:zlib";
import { S3Client, type S3ClientConfig } from "@aws-sdk/client-s3";

/**
 * The SDK's S3 client, at two thirds of its instructions: it checks, signs and retries as ever, and does once what it
 * would do anew for each request. Counts are in `src/measure/README.md`.
 */
export function createLeanS3Client(config: S3ClientConfig): S3Client {
  const client = new S3Client(config);
  storeInSlots(client.config);
  client.send = keepHandlers(client);
  return client;
}

/**
 * On arm64 zlib looks for the processor's CRC instructions when something is first deflated, and its `crc32`, by which the
 * client checks bodies, goes by tables until then: seven times the instructions. To compile zlib's JavaScript for this takes
 * a millisecond, which passes while the first request waits for its answer.
 */
function findCrcInstructions(): void {
  if (process.arch === "arm64") setImmediate(() => deflateRawSync(""));
}

/**
 * V8 keeps an object that `Object.assign` filled as a hash table, which takes six times as long to copy as one with slots;
 * the client copies its configuration four times for each request. V8 makes slots for what is a prototype as soon as
 * compiled code has read it often enough to remember where a property stands.
 */
function storeInSlots(config: S3Client["config"]): void {
  const heir: S3Client["config"] = Object.create(config);
  const read = ({ region }: S3Client["config"]) => region;
  for (let i = 0; i < 20; i++) read(heir);
}

interface Options {
  readonly abortSignal: AbortSignal;
}
type Handler = (command: object) => Promise<{ output: unknown }>;
/** What the SDK's commands have in common. */
interface Command {
  readonly input: { readonly Bucket?: string };
  resolveMiddleware(
    stack: S3Client["middlewareStack"],
    config: S3Client["config"],
    options: Options,
  ): Handler;
}

/**
 * Sorts the client's middlewares once for all requests of a kind to a bucket in an invocation, which share a signal. That is
 * the SDK's own `cacheMiddleware`, but for requests that can be aborted. Not for several buckets: what the SDK remembers
 * of a request between two middlewares, such as its endpoint, is then another request's too.
 */
function keepHandlers(client: S3Client): S3Client["send"] {
  const send = client.send.bind(client);
  const kept = new WeakMap<AbortSignal, Map<unknown, { bucket: string | undefined; handler: Handler }>>();
  let isFirst = true;
  const sendKept = async (command: Command, options?: Options): Promise<unknown> => {
    if (options === undefined) return send(command as unknown as Parameters<typeof send>[0]);
    const handlers = kept.get(options.abortSignal) ?? new Map();
    kept.set(options.abortSignal, handlers);
    const bucket = command.input.Bucket;
    let entry = handlers.get(command.constructor);
    if (entry?.bucket !== bucket) {
      const handler = command.resolveMiddleware(client.middlewareStack, client.config, options);
      entry = { bucket, handler };
      handlers.set(command.constructor, entry);
    }
    const answer = entry.handler(command);
    if (isFirst) findCrcInstructions();
    isFirst = false;
    return (await answer).output;
  };
  return sendKept as unknown as S3Client["send"];
}
