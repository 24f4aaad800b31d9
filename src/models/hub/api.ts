import { createHash } from "node:crypto";
import { CommandError, messageOf } from "../errors.ts";
import { sha256 } from "../folder.ts";

export const DEFAULT_ENDPOINT = "https://huggingface.co";

/** Where the hub is, and who asks. */
export interface Hub {
  readonly endpoint: string;
  readonly token?: string | undefined;
}

/** `OWNER/NAME`, and a branch, tag or commit. */
export interface Repository {
  readonly id: string;
  readonly revision: string;
}

export interface HubFile {
  readonly path: string;
  readonly sizeBytes: number;
  /** Of files in large file storage. */
  readonly sha256?: string;
  /** Git's own hash of other files: SHA-1 over `blob <size>\0` and the content. */
  readonly gitSha1?: string;
}

/** A file that is no weights; larger ones are not read. */
const MAX_SMALL_BYTES = 16 * 1024 ** 2;
const MAX_PAGES = 50;
const TIMEOUT_MS = 60_000;

/** @returns `undefined` for what is no `OWNER/NAME[@revision]` */
export function parseRepository(text: string): Repository | undefined {
  const match = /^([\w][\w.-]*\/[\w][\w.-]*)(?:@([\w./-]+))?$/.exec(text);
  return match?.[1] === undefined ? undefined : { id: match[1], revision: match[2] ?? "main" };
}

/** The commit that a revision is at now: everything after is asked of it, so that no two files are of different ones. */
export async function pinCommit(hub: Hub, { id, revision }: Repository): Promise<string> {
  const url = `${hub.endpoint}/api/models/${id}/revision/${encodeURIComponent(revision)}`;
  const { sha } = (await (await ask(hub, url)).json()) as { sha?: unknown };
  if (typeof sha === "string" && /^[0-9a-f]{40}$/.test(sha)) return sha;
  throw new CommandError(
    "DOWNLOAD_FAILED",
    `expected the commit of ${id}@${revision} from ${url}, got ${sha}`,
  );
}

/** All files of a commit; long lists come in pages, each of which names the next. */
export async function listFiles(hub: Hub, id: string, commit: string): Promise<HubFile[]> {
  const files: HubFile[] = [];
  let url: string | undefined = `${hub.endpoint}/api/models/${id}/tree/${commit}?recursive=true`;
  for (let page = 0; url !== undefined && page < MAX_PAGES; page++) {
    const response = await ask(hub, url);
    for (const entry of (await response.json()) as TreeEntry[]) {
      if (entry.type !== "file") continue;
      const { path, size, oid, lfs } = entry;
      files.push({ path, sizeBytes: size, ...(lfs ? { sha256: lfs.oid } : { gitSha1: oid }) });
    }
    const next = /<([^>]+)>\s*;\s*rel="next"/.exec(response.headers.get("link") ?? "")?.[1];
    // A mirror may pass on the hub's own address: the token goes to the mirror alone.
    const following: URL | undefined = next === undefined ? undefined : new URL(next, url);
    url = following && `${new URL(hub.endpoint).origin}${following.pathname}${following.search}`;
  }
  return files;
}

interface TreeEntry {
  readonly type: string;
  readonly path: string;
  readonly size: number;
  readonly oid: string;
  readonly lfs?: { readonly oid: string };
}

export function urlOf({ endpoint }: Hub, id: string, commit: string, path: string): string {
  return `${endpoint}/${id}/resolve/${commit}/${path.split("/").map(encodeURIComponent).join("/")}`;
}

export function authorization({ token }: Hub): Record<string, string> {
  return token ? { authorization: `Bearer ${token}` } : {};
}

/** A small file, whole, checked by the hash that the list of files has. */
export async function fetchSmall(hub: Hub, id: string, commit: string, file: HubFile): Promise<Uint8Array> {
  const url = urlOf(hub, id, commit, file.path);
  if (file.sizeBytes > MAX_SMALL_BYTES)
    throw new CommandError(
      "DOWNLOAD_FAILED",
      `expected ${file.path} to be small, it has ${file.sizeBytes} bytes`,
    );
  const bytes = new Uint8Array(await (await ask(hub, url)).arrayBuffer());
  const expected = file.sha256 ?? file.gitSha1;
  const actual =
    file.sha256 === undefined
      ? createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex")
      : sha256(bytes);
  if (actual === expected) return bytes;
  throw new CommandError("HASH_WRONG", `expected ${url} to have the hash ${expected}, got ${actual}`);
}

async function ask(hub: Hub, url: string): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, { headers: authorization(hub), signal: AbortSignal.timeout(TIMEOUT_MS) });
  } catch (error) {
    const cause = error instanceof Error && error.cause !== undefined ? ` (${messageOf(error.cause)})` : "";
    throw new CommandError(
      "DOWNLOAD_FAILED",
      `cannot reach the hub at ${url}: ${messageOf(error)}${cause}. HF_ENDPOINT names a mirror`,
      { cause: error },
    );
  }
  if (response.ok) return response;
  const code = response.headers.get("x-error-code");
  const hint =
    response.status === 401 || response.status === 403
      ? "it may be private, gated or not there: accept its terms on the hub and set HF_TOKEN"
      : response.status === 404
        ? "check the name and the revision"
        : "try again later";
  throw new CommandError(
    "DOWNLOAD_FAILED",
    `the hub answered HTTP ${response.status}${code === null ? "" : ` (${code})`} for ${url}: ${hint}`,
  );
}
