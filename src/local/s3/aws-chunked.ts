import { s3Error } from "./errors.ts";

const MAX_LINE_BYTES = 8192;

/**
 * Decodes an `aws-chunked` body, signed or not: `hex-size[;chunk-signature=…]\r\n data \r\n …`, a chunk of size
 * 0, then trailer lines `name:value\r\n` and an empty line. Signatures are skipped, not checked. The trailers
 * are in `trailers` (lower-case names) once the stream has ended. IncompleteBody for any other framing.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html
 */
export async function* decodeAwsChunked(
  source: AsyncIterable<Buffer>,
  trailers: Map<string, string>,
): AsyncGenerator<Buffer> {
  const reader = createReader(source);
  for (;;) {
    let left = chunkSize(await reader.line());
    if (left === 0) break;
    while (left > 0) {
      const part = await reader.upTo(left);
      left -= part.length;
      yield part;
    }
    const end = await reader.line();
    if (end !== "") throw malformed(`expected CRLF after a chunk's data, received ${JSON.stringify(end)}`);
  }
  for (let line = await reader.line(); line !== ""; line = await reader.line()) {
    const colon = line.indexOf(":");
    if (colon < 1) throw malformed(`expected a trailer "name:value", received ${JSON.stringify(line)}`);
    trailers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
  }
  if (!(await reader.atEnd())) throw malformed("expected the body to end after its trailers");
}

function chunkSize(line: string): number {
  const match = /^([0-9a-f]{1,12})(?:;.*)?$/i.exec(line);
  if (match?.[1] === undefined)
    throw malformed(`expected a chunk size in hex, received ${JSON.stringify(line)}`);
  return Number.parseInt(match[1], 16);
}

function malformed(what: string): Error {
  return s3Error("IncompleteBody", { message: `The aws-chunked body is malformed: ${what}.` });
}

/** Reads lines and byte runs from a stream of buffers; memory is bounded by one buffer and one line. */
function createReader(source: AsyncIterable<Buffer>) {
  const iterator = source[Symbol.asyncIterator]();
  let pending: Buffer = Buffer.alloc(0);

  async function more(): Promise<boolean> {
    const next = await iterator.next();
    if (next.done) return false;
    pending = pending.length === 0 ? next.value : Buffer.concat([pending, next.value]);
    return true;
  }

  return {
    /** The next line without its CRLF. */
    async line(): Promise<string> {
      for (;;) {
        const end = pending.indexOf("\r\n");
        if (end > MAX_LINE_BYTES || (end < 0 && pending.length > MAX_LINE_BYTES)) {
          throw malformed(`expected a line of at most ${MAX_LINE_BYTES} bytes`);
        }
        if (end >= 0) {
          const line = pending.toString("latin1", 0, end);
          pending = pending.subarray(end + 2);
          return line;
        }
        if (!(await more())) throw malformed("it ended inside a line or before its last chunk");
      }
    },
    /** Between 1 and `count` bytes. */
    async upTo(count: number): Promise<Buffer> {
      while (pending.length === 0) if (!(await more())) throw malformed("it ended inside a chunk");
      const part = pending.subarray(0, count);
      pending = pending.subarray(part.length);
      return part;
    },
    async atEnd(): Promise<boolean> {
      while (pending.length === 0) if (!(await more())) return true;
      return false;
    },
  };
}
