/** A named stretch of addresses. */
export interface NamedRange {
  readonly start: number;
  readonly end: number;
  readonly name: string;
}

/** Looks up which of many ranges an address lies in; of two that overlap, the one that begins later. */
export type FindRange = (address: number) => NamedRange | undefined;

export function rangeFinder(ranges: readonly NamedRange[]): FindRange {
  const sorted = ranges.toSorted((a, b) => a.start - b.start);
  return (address) => {
    let [low, high] = [0, sorted.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((sorted[middle]?.start ?? 0) <= address) low = middle + 1;
      else high = middle;
    }
    const found = sorted[low - 1];
    return found !== undefined && address < found.end ? found : undefined;
  };
}

const SECTION_SYMTAB = 2;
const SECTION_DYNSYM = 11;
const SEGMENT_LOAD = 1;
const TYPE_FUNCTION = 2;

/**
 * The functions that an ELF file names, by their offsets in the file: of its symbol table, or where that is stripped of
 * its dynamic one.
 *
 * @param bytes of a 64-bit little-endian ELF file
 */
export function functionsOf(bytes: Buffer): NamedRange[] {
  const segments = tableAt(bytes, 32, 54, 56)
    .filter((at) => bytes.readUInt32LE(at) === SEGMENT_LOAD)
    .map((at) => ({ offset: u64(bytes, at + 8), address: u64(bytes, at + 16), size: u64(bytes, at + 32) }));
  const sections = tableAt(bytes, 40, 58, 60).map((at) => ({
    type: bytes.readUInt32LE(at + 4),
    offset: u64(bytes, at + 24),
    size: u64(bytes, at + 32),
    link: bytes.readUInt32LE(at + 40),
  }));
  const table =
    sections.find(({ type }) => type === SECTION_SYMTAB) ??
    sections.find(({ type }) => type === SECTION_DYNSYM);
  const names = sections[table?.link ?? -1];
  if (table === undefined || names === undefined) return [];
  const functions: NamedRange[] = [];
  for (let at = table.offset; at < table.offset + table.size; at += 24) {
    if ((bytes.readUInt8(at + 4) & 0xf) !== TYPE_FUNCTION) continue;
    const [address, size] = [u64(bytes, at + 8), u64(bytes, at + 16)];
    const segment = segments.find((each) => address >= each.address && address < each.address + each.size);
    if (segment === undefined || size === 0) continue;
    const start = address - segment.address + segment.offset;
    const nameAt = names.offset + bytes.readUInt32LE(at);
    const name = bytes.toString("latin1", nameAt, bytes.indexOf(0, nameAt));
    functions.push({ start, end: start + size, name });
  }
  return functions;
}

/** A C++ function's qualified name from its mangled one, without parameters; other names as they are. */
export function demangle(symbol: string): string {
  if (!symbol.startsWith("_ZN")) return symbol;
  const names: string[] = [];
  // Template arguments stand between I and E, and hold nested names (N to E), literals (L to E) and substitutions (S to _).
  for (let at = symbol.startsWith("_ZNK") ? 4 : 3, depth = 0; at < symbol.length && depth >= 0; ) {
    const rest = symbol.slice(at);
    const skipped = /^(S[0-9A-Z]*_|S[a-z]|L[a-z]n?\d*E)/.exec(rest)?.[0].length ?? 0;
    const length = skipped > 0 ? undefined : /^\d+/.exec(rest)?.[0];
    if (length !== undefined && depth === 0)
      names.push(rest.slice(length.length, length.length + Number(length)));
    if (rest[0] === "I" || (rest[0] === "N" && depth > 0)) depth++;
    if (rest[0] === "E") depth--;
    at += skipped > 0 ? skipped : length === undefined ? 1 : length.length + Number(length);
  }
  return names.join("::").replaceAll("_GLOBAL__N_1", "(anonymous)");
}

/** Where the entries of one of the header's two tables are. */
function tableAt(bytes: Buffer, offsetAt: number, sizeAt: number, countAt: number): number[] {
  const [offset, size] = [u64(bytes, offsetAt), bytes.readUInt16LE(sizeAt)];
  return Array.from({ length: bytes.readUInt16LE(countAt) }, (_, i) => offset + i * size);
}

function u64(bytes: Buffer, at: number): number {
  return Number(bytes.readBigUInt64LE(at));
}

/** What V8 compiled, from the file that `--perf-basic-prof` writes: `ADDRESS SIZE NAME`, in hexadecimal. */
export function readPerfMap(text: string): NamedRange[] {
  return text.split("\n").flatMap((line) => {
    const [, start, size, name] = /^([0-9a-f]+) ([0-9a-f]+) (.*)$/.exec(line) ?? [];
    if (start === undefined || size === undefined || name === undefined) return [];
    const at = Number.parseInt(start, 16);
    return [{ start: at, end: at + Number.parseInt(size, 16), name }];
  });
}
