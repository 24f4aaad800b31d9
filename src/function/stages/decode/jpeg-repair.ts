import { textOf, viewOf } from "./headers/header.ts";

/** A JPEG that a strict decoder takes, and what was wrong with it: nothing that any pixel hangs on. */
export interface RepairedJpeg {
  readonly bytes: Uint8Array;
  readonly warnings: readonly string[];
}

const START_OF_SCAN = 0xda;
const END_OF_IMAGE = 0xd9;
const PROGRESSIVE = new Set([0xc2, 0xc6, 0xca, 0xce]);
const isFrame = (marker: number) => marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
const MAX_SEGMENTS = 10_000;
/** White space and byte order marks that text tools put before a file. */
const LEADING = new Set([0x00, 0x09, 0x0a, 0x0d, 0x20, 0xef, 0xbb, 0xbf]);
const MAX_LEADING = 64;

/** @returns how many harmless bytes stand before the start of a JPEG; `undefined` where none starts */
export function jpegStart(bytes: Uint8Array): number | undefined {
  let start = 0;
  while (start < MAX_LEADING && LEADING.has(bytes[start] ?? -1)) start++;
  const isJpeg = bytes[start] === 0xff && bytes[start + 1] === 0xd8 && bytes[start + 2] === 0xff;
  return isJpeg ? start : undefined;
}

/**
 * Mends what every viewer overlooks, between the segments only, so that the decoder may go on failing on any warning: a
 * damaged scan warns like a harmless fault does. Pixels that are missing still are missed, by the end marker that comes
 * too early.
 *
 * @param bytes begin with a start-of-image marker, as {@link jpegStart} finds it
 * @returns `bytes` themselves where nothing is wrong
 */
export function repairJpeg(bytes: Uint8Array): RepairedJpeg {
  const warnings: string[] = [];
  /** Parts of the file that are kept, as `[start, end]`. */
  const kept: [number, number][] = [[0, 2]];
  const patches: { at: number; values: number[] }[] = [];
  const view = viewOf(bytes);
  let isProgressive = false;
  let isTable = false;
  let scanStart: number | undefined;
  let offset = 2;
  for (let segments = 0; segments < MAX_SEGMENTS && scanStart === undefined; segments++) {
    const marker = nextMarker(bytes, offset);
    if (marker === undefined || marker + 4 > bytes.length) return { bytes, warnings: [] };
    const code = bytes[marker + 1] as number;
    // No segment: what the decoder says of this is right.
    if (code === 0x01 || (code >= 0xd0 && code <= END_OF_IMAGE)) return { bytes, warnings: [] };
    if (marker > offset) {
      // A byte too many inside a table pushes its last bytes out here: then the table is damaged, and the pixels with it.
      if (isTable && bytes.subarray(offset, marker).some((byte) => byte !== 0))
        return { bytes, warnings: [] };
      warnings.push(`${marker - offset} stray bytes before the marker 0x${code.toString(16)}`);
    }
    const end = marker + 2 + view.getUint16(marker + 2);
    if (isFrame(code)) isProgressive = PROGRESSIVE.has(code);
    if (code === 0xe0 && textOf(bytes, marker + 4, marker + 9) === "JFIF\0" && bytes[marker + 9] !== 1) {
      warnings.push(`JFIF version ${bytes[marker + 9]}.${bytes[marker + 10]}`);
      patches.push({ at: marker + 9, values: [1, 2] });
    }
    if (code === START_OF_SCAN) {
      scanStart = end;
      if (!isProgressive && end <= bytes.length && isOddScan(bytes.subarray(end - 3, end))) {
        warnings.push("scan parameters that a sequential JPEG cannot have");
        patches.push({ at: end - 3, values: [0, 63, 0] });
      }
    }
    isTable = code < 0xe0;
    kept.push([marker, end]);
    offset = end;
  }
  if (scanStart === undefined || scanStart > bytes.length) return { bytes, warnings: [] };
  kept.push([scanStart, bytes.length]);
  const lastEnd = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).lastIndexOf("\xff\xd9", "latin1");
  const hasEnd = lastEnd >= scanStart;
  if (!hasEnd) warnings.push("no end marker");
  if (warnings.length === 0) return { bytes, warnings };
  const patched = Uint8Array.from(bytes);
  for (const { at, values } of patches) patched.set(values, at);
  const parts = kept.map(([start, end]) => patched.subarray(start, end));
  if (!hasEnd) parts.push(Uint8Array.of(0xff, END_OF_IMAGE));
  return { bytes: Buffer.concat(parts), warnings };
}

/** Ss, Se, and Ah with Al. ITU-T T.81, table B.3. */
function isOddScan([start, end, approximation]: Uint8Array): boolean {
  return start !== 0 || end !== 63 || approximation !== 0;
}

/** Position of the 0xff of the next marker; any number of 0xff may stand before its code. */
function nextMarker(bytes: Uint8Array, start: number): number | undefined {
  for (let offset = start; ; offset++) {
    offset = bytes.indexOf(0xff, offset);
    if (offset < 0) return undefined;
    const code = bytes[offset + 1];
    if (code !== 0 && code !== 0xff) return offset;
    // Fill bytes are no fault.
    if (code === 0xff && offset === start) start++;
  }
}
