import type { Readable } from "node:stream";
import { StringDecoder } from "node:string_decoder";
import type { EmfDocument } from "./events.ts";

/** CloudWatch Logs takes events of up to 1 MiB; a longer line arrives in pieces. */
export const MAX_LINE_LENGTH = 1_048_576;

/**
 * Calls back with each line of a UTF-8 stream, without its line feed. Lines and characters that are cut by a chunk's
 * end are put together; what stands after the last line feed comes when the stream ends.
 */
export function readLines(stream: Readable, onLine: (line: string) => void): void {
  const decoder = new StringDecoder("utf8");
  let rest = "";
  const take = (text: string): void => {
    rest += text;
    if (text.includes("\n")) {
      const lines = rest.split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) onLine(line.endsWith("\r") ? line.slice(0, -1) : line);
    }
    while (rest.length > MAX_LINE_LENGTH) {
      onLine(rest.slice(0, MAX_LINE_LENGTH));
      rest = rest.slice(MAX_LINE_LENGTH);
    }
  };
  stream.on("data", (chunk: Buffer) => take(decoder.write(chunk)));
  stream.on("end", () => {
    take(decoder.end());
    if (rest !== "") onLine(rest);
  });
}

/** The document of an Embedded Metric Format line, recognised as CloudWatch does; `undefined` for any other line. */
export function parseEmf(line: string): EmfDocument | undefined {
  if (!line.startsWith("{") || !line.includes('"CloudWatchMetrics"')) return undefined;
  try {
    const document: unknown = JSON.parse(line);
    return isEmf(document) ? document : undefined;
  } catch {
    return undefined;
  }
}

function isEmf(document: unknown): document is EmfDocument {
  const meta = (document as { _aws?: { CloudWatchMetrics?: unknown } })._aws;
  return typeof meta === "object" && meta !== null && Array.isArray(meta.CloudWatchMetrics);
}
