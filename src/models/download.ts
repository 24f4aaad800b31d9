import { createHash } from "node:crypto";
import {
  createReadStream,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { open } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { CommandError, messageOf } from "./errors.ts";

export interface Download {
  readonly url: string;
  /** Where the finished file goes; beside it lie `.part` and `.part.validator` until then. */
  readonly file: string;
  readonly sha256: string;
  /** Sent with every request; `authorization` only to the server that the URL names, not where it redirects to. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Attempts in a row without a new byte before giving up; 5 by default. */
  readonly attempts?: number;
  /** Doubled at each of them; 500 ms by default. */
  readonly retryDelayMs?: number;
  /** A connection that brings nothing for so long counts as dropped; 30 s by default. */
  readonly stallTimeoutMs?: number;
  /** @param totalBytes undefined where the server does not say. */
  readonly onProgress?: (receivedBytes: number, totalBytes: number | undefined) => void;
}

/** Larger than any archive of a classifier; a runaway server must not fill the disk. */
const MAX_BYTES = 1024 ** 3;

/** The server's answer makes trying again useless. */
class FinalError extends Error {}

/**
 * Downloads a file whose content is known. A dropped connection, also one of an earlier run, is resumed with
 * `Range` and `If-Range`; where the server ignores the range or has another version by now, the file is started
 * over. The file appears under its name only when its hash is right.
 *
 * @throws CommandError DOWNLOAD_FAILED or HASH_WRONG.
 */
export async function download(options: Download): Promise<void> {
  const { url, file, sha256: expected } = options;
  if (existsSync(file)) {
    const actual = await sha256OfFile(file);
    if (actual === expected) return;
    throw new CommandError(
      "HASH_WRONG",
      `expected ${file} to have the SHA-256 ${expected}, got ${actual}: delete it to download it anew`,
    );
  }
  mkdirSync(dirname(file), { recursive: true });
  const part = `${file}.part`;
  const wasResumed = await receive(options, part);
  let actual = await sha256OfFile(part);
  if (actual !== expected && wasResumed) {
    // The beginning may come from another version, or have been damaged on disk: try once from scratch.
    discard(part);
    await receive(options, part);
    actual = await sha256OfFile(part);
  }
  if (actual !== expected) {
    discard(part);
    throw new CommandError(
      "HASH_WRONG",
      `expected ${url} to have the SHA-256 ${expected}, got ${actual}: nothing was kept; the server or a proxy sends something else`,
    );
  }
  renameSync(part, file);
  discard(part);
}

export async function sha256OfFile(file: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(file)) hash.update(chunk);
  return hash.digest("hex");
}

/** @returns whether bytes of an earlier connection were kept. */
async function receive(options: Download, part: string): Promise<boolean> {
  const attempts = options.attempts ?? 5;
  let failures = 0;
  while (true) {
    const before = sizeOf(part);
    try {
      return await receiveOnce(options, part);
    } catch (error) {
      failures = sizeOf(part) > before ? 1 : failures + 1;
      if (error instanceof FinalError || isUnknownHost(error) || failures >= attempts) {
        throw new CommandError("DOWNLOAD_FAILED", `cannot download ${options.url}: ${causeOf(error)}`, {
          cause: error,
        });
      }
      await sleep((options.retryDelayMs ?? 500) * 2 ** (failures - 1));
    }
  }
}

async function receiveOnce(
  { url, headers, stallTimeoutMs = 30_000, onProgress }: Download,
  part: string,
): Promise<boolean> {
  const validator = readValidator(part);
  const offset = validator === undefined ? 0 : sizeOf(part);
  const controller = new AbortController();
  const stalled = setTimeout(() => {
    controller.abort(new Error(`no data for ${stallTimeoutMs / 1000} s`));
  }, stallTimeoutMs);
  try {
    const response = await fetch(url, {
      headers: {
        ...headers,
        "accept-encoding": "identity",
        ...(offset > 0 && validator && { range: `bytes=${offset}-`, "if-range": validator }),
      },
      signal: controller.signal,
    });
    const start = acceptedStart(response, offset);
    if (start === undefined || response.body === null) {
      discard(part);
      throw new Error(`the server refused to resume at byte ${offset} (HTTP ${response.status})`);
    }
    if (start === 0) writeValidator(part, response);
    const length = response.headers.get("content-length");
    const total = length === null ? undefined : start + Number(length);
    const output = await open(part, start === 0 ? "w" : "a");
    try {
      let received = start;
      for await (const chunk of response.body) {
        stalled.refresh();
        received += chunk.length;
        if (received > MAX_BYTES) throw new FinalError(`expected at most ${MAX_BYTES} bytes, more came`);
        await output.write(chunk);
        onProgress?.(received, total);
      }
      if (total !== undefined && received !== total) {
        throw new Error(`the connection ended after ${received} of ${total} bytes`);
      }
    } finally {
      await output.close();
    }
    return start > 0;
  } finally {
    clearTimeout(stalled);
  }
}

/** Byte at which the body begins: `offset`, 0, or undefined where it is of no use. */
function acceptedStart(response: Response, offset: number): number | undefined {
  if (response.status === 200) return 0;
  if (response.status === 206) {
    return response.headers.get("content-range")?.startsWith(`bytes ${offset}-`) ? offset : undefined;
  }
  if (response.status === 416) return undefined;
  const isTransient = response.status >= 500 || response.status === 429 || response.status === 408;
  const message = `the server answered HTTP ${response.status} ${response.statusText}`.trimEnd();
  throw isTransient ? new Error(message) : new FinalError(message);
}

/** Only a strong ETag or a date may follow If-Range; without one there is no safe resuming. */
function writeValidator(part: string, response: Response): void {
  const etag = response.headers.get("etag");
  const validator = etag?.startsWith('"') ? etag : response.headers.get("last-modified");
  rmSync(`${part}.validator`, { force: true });
  if (validator !== null) writeFileSync(`${part}.validator`, validator);
}

function readValidator(part: string): string | undefined {
  return existsSync(`${part}.validator`) ? readFileSync(`${part}.validator`, "utf8") : undefined;
}

function sizeOf(part: string): number {
  return existsSync(part) ? statSync(part).size : 0;
}

function discard(part: string): void {
  rmSync(part, { force: true });
  rmSync(`${part}.validator`, { force: true });
}

/** No network, or no such server: it will not be there in ten seconds either. */
function isUnknownHost(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error && "code" in cause && cause.code === "ENOTFOUND";
}

/** fetch hides the reason ("fetch failed") in its cause. */
function causeOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause === undefined ? messageOf(error) : `${messageOf(error)} (${messageOf(cause)})`;
}
