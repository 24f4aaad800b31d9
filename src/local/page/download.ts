import { promises as dns, type LookupAddress } from "node:dns";
import { get as getHttp, type IncomingMessage } from "node:http";
import { get as getHttps } from "node:https";
import { ActionError } from "./action-error.ts";
import { REACHES, type Reach, reachOf } from "./reach.ts";

export interface DownloadLimits {
  readonly maxBytes: number;
  /** From the address to its last byte, redirects included. */
  readonly patienceMs: number;
  readonly maxRedirects: number;
}

export interface Download {
  /** Where it came from at last. */
  readonly url: URL;
  readonly contentType: string;
  readonly body: Buffer;
}

/**
 * Fetches an image by its address. A private address is fetched when it was asked for by itself: it may be one's own server. A
 * redirect leads to no network that is nearer than the one it comes from, so that no address of the internet makes this machine
 * ask others of its network. A name is looked up once: the addresses that were judged are those that are connected to.
 *
 * @throws {ActionError} that says what came instead of an image
 */
export async function download(address: string, limits: DownloadLimits): Promise<Download> {
  let url = parse(address);
  let reach: Reach | undefined;
  const signal = AbortSignal.timeout(limits.patienceMs);
  try {
    for (let redirects = 0; redirects <= limits.maxRedirects; redirects += 1) {
      const addresses = await untilAborted(dns.lookup(hostOf(url), { all: true }), signal);
      reach = judge(url, addresses, reach);
      const response = await request(url, addresses, signal);
      const { statusCode = 0, headers } = response;
      if (statusCode >= 300 && statusCode < 400 && headers.location !== undefined) {
        response.destroy();
        url = parse(new URL(headers.location, url).href);
        continue;
      }
      return { url, ...(await readImage(response, url, limits.maxBytes)) };
    }
  } catch (error) {
    throw asActionError(error as Error & { code?: string }, url, limits, signal);
  }
  throw new ActionError(`${parse(address).host} leads from one address to the next`);
}

function parse(address: string): URL {
  const url = URL.parse(address);
  if (url === null || !["http:", "https:"].includes(url.protocol))
    throw new ActionError(`expected an address that begins with http:// or https://, got ${address}`);
  return url;
}

/** `[::1]` → `::1` */
function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[(.*)\]$/, "$1");
}

function judge(url: URL, addresses: readonly LookupAddress[], before: Reach | undefined): Reach {
  const reaches = addresses.map(({ address }) => reachOf(address));
  if (reaches.includes(undefined)) throw new ActionError(`${url.host} is an address that has no images`);
  const nearest = Math.max(...reaches.map(Number)) as Reach;
  if (before !== undefined && nearest > before)
    throw new ActionError(
      `${REACHES[before]} leads to ${url.host} on ${REACHES[nearest]}, which is only fetched when it is entered itself`,
    );
  return nearest;
}

function request(
  url: URL,
  addresses: readonly LookupAddress[],
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const get = url.protocol === "https:" ? getHttps : getHttp;
  return new Promise((resolve, reject) => {
    const headers = { accept: "image/*", "accept-encoding": "identity" };
    get(
      url,
      {
        ...{ signal, headers, agent: false },
        lookup: (_, { all }, callback) => {
          const [first] = addresses;
          if (all === true) callback(null, [...addresses]);
          else callback(null, first?.address ?? "", first?.family);
        },
      },
      resolve,
    ).once("error", reject);
  });
}

async function readImage(
  response: IncomingMessage,
  { host }: URL,
  maxBytes: number,
): Promise<{ contentType: string; body: Buffer }> {
  try {
    const contentType = response.headers["content-type"]?.split(";")[0]?.trim() ?? "";
    if (response.statusCode !== 200) throw new ActionError(`${host} answered ${response.statusCode}`);
    if (!contentType.startsWith("image/") && contentType !== "application/octet-stream")
      throw new ActionError(`expected an image, ${host} answered ${contentType || "something of no type"}`);
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of response as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > maxBytes) throw new ActionError(`${host} sends more than ${maxBytes} bytes`);
      chunks.push(chunk);
    }
    return { contentType, body: Buffer.concat(chunks) };
  } finally {
    response.destroy();
  }
}

function untilAborted<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
  return Promise.race([promise, aborted]);
}

function asActionError(
  error: Error & { code?: string },
  { host }: URL,
  { patienceMs }: DownloadLimits,
  { aborted }: AbortSignal,
): Error {
  if (error instanceof ActionError) return error;
  if (aborted) return new ActionError(`${host} did not send it within ${patienceMs / 1000} s`);
  return new ActionError(`${host} is not reachable${error.code === undefined ? "" : ` (${error.code})`}`);
}
