import { HeaderError } from "./header.ts";

/** Bytes of libwebp's tables for one group: 2,300 + 654 entries of four, those of the colour cache, and what names them. */
const TABLE_ENTRIES = 2954;
const ENTRY_BYTES = 4;
const GROUP_BYTES = 600;
const MAX_GROUPS = 65_536;
const MAX_CACHE_BITS = 11;
/** Symbols of green with lengths, of red, blue and alpha, and of distances. */
const ALPHABETS = [280, 256, 256, 256, 40] as const;
const [FIRST_LENGTH, FIRST_CACHED] = [256, 280];
/** In which order the lengths of the code for lengths stand. */
const LENGTHS_ORDER = [17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15] as const;
const [PREDICTOR, CROSS_COLOUR, COLOUR_INDEXING] = [0, 1, 3];
/** Encoders choose smaller images in front of an image: more than these are not looked at, but taken for the worst. */
const MAX_PIXELS = 2 ** 18;

/**
 * Memory that libwebp takes for the prefix codes of an image in VP8L: an image of a megapixel may have 65,536 groups of
 * them. How many it has is said in front of its pixels, by a smaller image in the same coding.
 *
 * @param data  behind the header with the size
 * @param width of the image, in pixels
 * @see RFC 9649, 3.4 to 3.7
 */
export function prefixCodeBytes(data: Uint8Array, width: number, height: number): number {
  const bits = bitReader(data);
  let cacheBits = MAX_CACHE_BITS;
  let groups = MAX_GROUPS;
  try {
    const codedWidth = skipTransforms(bits, width, height);
    cacheBits = readCacheBits(bits);
    groups = bits(1) === 1 ? countGroups(bits, codedWidth, height) : 1;
  } catch (error) {
    if (!(error instanceof HeaderError)) throw error;
  }
  return groups * (ENTRY_BYTES * (TABLE_ENTRIES + 2 ** cacheBits) + GROUP_BYTES);
}

/** @returns the width that is coded: of few colours, several pixels are one */
function skipTransforms(bits: Bits, width: number, height: number): number {
  let codedWidth = width;
  const seen = new Set<number>();
  while (bits(1) === 1) {
    const type = bits(2);
    if (seen.has(type)) throw new HeaderError("expected each transformation once");
    seen.add(type);
    if (type === PREDICTOR || type === CROSS_COLOUR) {
      const side = 2 ** (2 + bits(3));
      readImage(bits, Math.ceil(codedWidth / side) * Math.ceil(height / side));
    } else if (type === COLOUR_INDEXING) {
      const colours = bits(8) + 1;
      const together = colours > 16 ? 1 : colours > 4 ? 2 : colours > 2 ? 4 : 8;
      codedWidth = Math.ceil(codedWidth / together);
      readImage(bits, colours);
    }
  }
  return codedWidth;
}

function countGroups(bits: Bits, width: number, height: number): number {
  const side = 2 ** (2 + bits(3));
  const seen = new Uint8Array(MAX_GROUPS);
  // What is copied, or comes from the cache, came before; the cache begins with group 0.
  seen[0] = 1;
  readImage(bits, Math.ceil(width / side) * Math.ceil(height / side), (group) => {
    seen[group] = 1;
  });
  return seen.reduce((sum, one) => sum + one, 0);
}

/** @param see is told red and green, as one number, of each pixel that is neither copied nor from the cache */
function readImage(bits: Bits, pixels: number, see: (redGreen: number) => void = () => {}): void {
  if (pixels > MAX_PIXELS)
    throw new HeaderError(`expected at most ${MAX_PIXELS} pixels in front of an image`);
  const cacheBits = readCacheBits(bits);
  const [green, red, blue, alpha, distance] = ALPHABETS.map((symbols, index) =>
    readCode(bits, symbols + (index === 0 && cacheBits > 0 ? 2 ** cacheBits : 0)),
  ) as [Code, Code, Code, Code, Code];
  for (let done = 0; done < pixels; ) {
    const symbol = green(bits);
    if (symbol < FIRST_LENGTH) {
      see(red(bits) * 256 + symbol);
      blue(bits);
      alpha(bits);
      done++;
    } else if (symbol < FIRST_CACHED) {
      done += readNumber(bits, symbol - FIRST_LENGTH);
      readNumber(bits, distance(bits));
    } else done++;
  }
}

function readCacheBits(bits: Bits): number {
  const cacheBits = bits(1) === 1 ? bits(4) : 0;
  if (cacheBits > MAX_CACHE_BITS)
    throw new HeaderError(`expected a colour cache of 2^${MAX_CACHE_BITS} at most`);
  return cacheBits;
}

/** A length or a distance: its size, then its lower bits. */
function readNumber(bits: Bits, symbol: number): number {
  if (symbol < 4) return symbol + 1;
  const extra = (symbol - 2) >> 1;
  return (2 + (symbol & 1)) * 2 ** extra + bits(extra) + 1;
}

/** Reads a symbol. */
type Code = (bits: Bits) => number;

function readCode(bits: Bits, symbols: number): Code {
  const lengths = new Uint8Array(Math.max(symbols, 256));
  if (bits(1) === 1) {
    const count = bits(1) + 1;
    lengths[bits(bits(1) === 1 ? 8 : 1)] = 1;
    if (count === 2) lengths[bits(8)] = 1;
    return codeOf(lengths);
  }
  const lengthsOfLengths = new Uint8Array(19);
  const given = bits(4) + 4;
  for (const symbol of LENGTHS_ORDER.slice(0, given)) lengthsOfLengths[symbol] = bits(3);
  const readLength = codeOf(lengthsOfLengths);
  let left = bits(1) === 1 ? 2 + bits(2 + 2 * bits(3)) : symbols;
  let last = 8;
  for (let symbol = 0; symbol < symbols && left > 0; left--) {
    const length = readLength(bits);
    if (length < 16) {
      lengths[symbol++] = length;
      if (length > 0) last = length;
      continue;
    }
    const repeated = length === 16 ? 3 + bits(2) : length === 17 ? 3 + bits(3) : 11 + bits(7);
    if (symbol + repeated > symbols) throw new HeaderError("a prefix code has too many lengths");
    lengths.fill(length === 16 ? last : 0, symbol, symbol + repeated);
    symbol += repeated;
  }
  return codeOf(lengths);
}

const LONGEST = 15;

/** The canonical code with such lengths; that of a single symbol takes no bits. */
function codeOf(lengths: Uint8Array): Code {
  const sorted = Array.from(lengths.keys())
    .filter((symbol) => lengths[symbol] !== 0)
    .sort((a, b) => (lengths[a] as number) - (lengths[b] as number) || a - b);
  const [only] = sorted;
  if (only === undefined) throw new HeaderError("a prefix code has no symbols");
  if (sorted.length === 1) return () => only;
  /** By the next bits, the lowest first: a symbol and its length. */
  const table = new Uint32Array(2 ** LONGEST);
  let [code, last] = [0, 0];
  for (const symbol of sorted) {
    const length = lengths[symbol] as number;
    code *= 2 ** (length - last);
    last = length;
    for (let at = reversed(code, length); at < table.length; at += 2 ** length)
      table[at] = symbol * 16 + length;
    code++;
  }
  return (bits) => {
    const entry = table[bits.next()] as number;
    if (entry === 0) throw new HeaderError("a prefix code is incomplete");
    bits.skip(entry & 15);
    return entry >> 4;
  };
}

function reversed(code: number, length: number): number {
  let value = 0;
  for (let i = 0; i < length; i++) value = value * 2 + ((code >> i) & 1);
  return value;
}

/** Reads up to 24 bits, the lowest first. */
interface Bits {
  (count: number): number;
  /** What the next {@link LONGEST} are, zeros behind the end. */
  next(): number;
  skip(count: number): void;
}

function bitReader(data: Uint8Array): Bits {
  let position = 0;
  const ahead = () => {
    const at = position >> 3;
    const [low, high] = [
      (data[at] ?? 0) | ((data[at + 1] ?? 0) << 8),
      (data[at + 2] ?? 0) | ((data[at + 3] ?? 0) << 8),
    ];
    return (low | (high << 16)) >>> (position & 7);
  };
  const skip = (count: number) => {
    position += count;
    if (position > 8 * data.length) throw new HeaderError("an image in VP8L is cut");
  };
  const read = (count: number) => {
    const value = ahead() & (2 ** count - 1);
    skip(count);
    return value;
  };
  return Object.assign(read, { next: () => ahead() & (2 ** LONGEST - 1), skip });
}
