import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface HubRepository {
  /** Path → content. Those of ONNX are in large file storage, as the hub has them. */
  readonly files: Readonly<Record<string, Uint8Array>>;
  /** Asked for without it, the hub answers 401. */
  readonly token?: string;
}

export interface SeenHubRequest {
  readonly path: string;
  readonly range: string | undefined;
  readonly authorization: string | undefined;
}

const COMMIT = "0123456789abcdef0123456789abcdef01234567";
const TREE_PAGE = 3;

/**
 * Plays the Hugging Face hub for one repository: revisions, the list of files in pages, downloads that are redirected to
 * another server as large files are, with ETag and Range.
 */
export async function startHub(id: string, { files, token }: HubRepository) {
  const seen: SeenHubRequest[] = [];
  let cutAfterBytes = Number.POSITIVE_INFINITY;
  let spoilt: string | undefined;

  const storage = createServer((request, response) => {
    note(request);
    const path = decodeURIComponent(request.url?.slice(1) ?? "");
    const content = path === spoilt ? Buffer.from("something else") : files[path];
    if (content === undefined) return response.writeHead(404).end();
    const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
    const body = content.subarray(start);
    const range = `bytes ${start}-${content.length - 1}/${content.length}`;
    response.writeHead(start > 0 ? 206 : 200, {
      ...{ "content-length": body.length, etag: `"${sha256(content)}"` },
      ...(start > 0 && { "content-range": range }),
    });
    if (body.length <= cutAfterBytes) return response.end(body);
    response.write(body.subarray(0, cutAfterBytes), () => setTimeout(() => response.destroy(), 50));
    cutAfterBytes = Number.POSITIVE_INFINITY;
    return undefined;
  });
  const storageUrl = await listen(storage);

  const note = ({ url = "", headers }: IncomingMessage): void => {
    seen.push({ path: url, range: headers.range, authorization: headers.authorization });
  };
  const answer = (request: IncomingMessage, response: ServerResponse): unknown => {
    note(request);
    const url = new URL(request.url ?? "/", "http://hub");
    const json = (body: unknown, headers: Record<string, string> = {}) =>
      response.writeHead(200, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
    const refuse = (status: number, code: string) =>
      response.writeHead(status, { "x-error-code": code }).end(JSON.stringify({ error: code }));
    if (!url.pathname.includes(`/${id}/`)) return refuse(401, "RepoNotFound");
    if (token !== undefined && request.headers.authorization !== `Bearer ${token}`)
      return refuse(401, "GatedRepo");
    if (url.pathname.startsWith(`/api/models/${id}/revision/`)) {
      const revision = decodeURIComponent(url.pathname.split("/").at(-1) ?? "");
      return ["main", "v2", COMMIT].includes(revision)
        ? json({ id, sha: COMMIT, siblings: [] })
        : refuse(404, "RevisionNotFound");
    }
    if (url.pathname === `/api/models/${id}/tree/${COMMIT}`) {
      const entries = [
        { type: "directory", oid: "0", size: 0, path: "onnx" },
        ...Object.entries(files).map(entryOf),
      ];
      const start = Number(url.searchParams.get("cursor") ?? 0);
      const next = `<https://hub.invalid${url.pathname}?recursive=true&cursor=${start + TREE_PAGE}>; rel="next"`;
      return json(
        entries.slice(start, start + TREE_PAGE),
        start + TREE_PAGE < entries.length ? { link: next } : {},
      );
    }
    const prefix = `/${id}/resolve/${COMMIT}/`;
    const path = decodeURIComponent(url.pathname.slice(prefix.length));
    const content = url.pathname.startsWith(prefix) ? files[path] : undefined;
    if (content === undefined) return refuse(404, "EntryNotFound");
    if (isLarge(path))
      return response.writeHead(302, { location: `${storageUrl}/${encodeURIComponent(path)}` }).end();
    return response.writeHead(200).end(path === spoilt ? Buffer.from("{}") : content);
  };
  const server = createServer((request, response) => void answer(request, response));
  const url = await listen(server);
  return {
    url,
    commit: COMMIT,
    seen,
    /** The next large download ends after so many bytes. */
    cutAfter: (bytes: number) => {
      cutAfterBytes = bytes;
    },
    spoil: (path: string | undefined) => {
      spoilt = path;
    },
    close: () => {
      for (const each of [server, storage]) {
        each.closeAllConnections();
        each.close();
      }
    },
  };
}

function entryOf([path, content]: [string, Uint8Array]) {
  const gitSha1 = createHash("sha1").update(`blob ${content.length}\0`).update(content).digest("hex");
  const lfs = { oid: sha256(content), size: content.length, pointerSize: 134 };
  const base = { type: "file", oid: gitSha1, size: content.length, path };
  return isLarge(path) ? { ...base, lfs } : base;
}

function isLarge(path: string): boolean {
  return /\.onnx/.test(path);
}

function sha256(content: Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

async function listen(server: ReturnType<typeof createServer>): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
