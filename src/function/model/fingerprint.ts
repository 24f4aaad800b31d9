import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";

/** ONNX's `StringStringEntryProto {key: "location", value: …}`, up to the value's length: a tensor in another file. */
const LOCATION = Buffer.from("\x0a\x08location\x12", "latin1");

/**
 * SHA-256, in hexadecimal, of an ONNX file and, after it, of the files that hold its external data.
 *
 * @param dir where those lie
 * @throws when one of them cannot be read
 */
export async function hashWeights(graph: Buffer, dir: string): Promise<string> {
  const hash = createHash("sha256").update(graph);
  for (const name of externalFiles(graph)) hash.update(await readFile(join(dir, name)));
  return hash.digest("hex");
}

/** Names of the files with external data, each once, in the order of their first mention. */
export function externalFiles(graph: Buffer): string[] {
  const names = new Set<string>();
  for (let at = graph.indexOf(LOCATION); at >= 0; at = graph.indexOf(LOCATION, at + 1)) {
    const start = at + LOCATION.length + 1;
    // A name of 128 bytes or more has a length of two bytes; nobody writes one.
    const length = graph[start - 1] as number;
    if (length < 128) names.add(graph.toString("utf8", start, start + length));
  }
  return [...names];
}

/** SHA-256, in hexadecimal, of values as JSON with their fields in order: equal values have equal fingerprints. */
export function fingerprintOf(value: unknown): string {
  const sorted = JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
  return createHash("sha256").update(sorted).digest("hex");
}
