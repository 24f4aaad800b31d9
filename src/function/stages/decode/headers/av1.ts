import { HeaderError } from "./header.ts";

const SEQUENCE_HEADER = 1;
/** A frame, or the header of one whose tiles follow. */
const FRAMES = new Set([3, 6]);
const MAX_UNITS = 100_000;

/**
 * Samples of 10 or 12 bits take so many times the memory of those of 8, of 4:4:4: 26 bytes per pixel instead of 19. The main
 * profile has none but 4:2:0, of which 10 bits take no more than 8 of 4:4:4.
 */
const DEEP_COST = 1.4;

/** What an AV1 bitstream says of itself: the most pixels that a frame may have, and how many frames there are. */
export interface Av1Cost {
  /** Of 8 bits per sample; a deeper one counts for more. */
  readonly framePixels: number;
  readonly frames: number;
}

/**
 * Reads the open bitstream units of an AV1 item.
 *
 * @throws {HeaderError}
 * @see AV1 Bitstream & Decoding Process Specification, 5.3 to 5.5
 */
export function readAv1Cost(data: Uint8Array): Av1Cost {
  let [framePixels, frames, units] = [0, 0, 0];
  for (let offset = 0; offset < data.length; units++) {
    if (units === MAX_UNITS) throw new HeaderError(`expected at most ${MAX_UNITS} units in an AV1 item`);
    const header = data[offset] as number;
    const type = (header >> 3) & 15;
    const hasExtension = (header & 4) !== 0;
    const hasSize = (header & 2) !== 0;
    let start = offset + (hasExtension ? 2 : 1);
    let size = data.length - start;
    if (hasSize) [size, start] = leb128(data, start);
    // What follows would be read by the decoder as part of this unit.
    if (start + size > data.length) throw new HeaderError("an AV1 unit is cut");
    if (type === SEQUENCE_HEADER)
      framePixels = Math.max(framePixels, readFramePixels(data.subarray(start, start + size)));
    if (FRAMES.has(type)) frames++;
    offset = start + size;
  }
  return { framePixels, frames };
}

function leb128(data: Uint8Array, start: number): [value: number, next: number] {
  let value = 0;
  for (let i = 0; i < 8; i++) {
    const byte = data[start + i];
    if (byte === undefined) throw new HeaderError("an AV1 unit's size is cut");
    value += (byte & 0x7f) * 2 ** (7 * i);
    if ((byte & 0x80) === 0) return [value, start + i + 1];
  }
  throw new HeaderError("an AV1 unit's size is longer than 8 bytes");
}

/** `max_frame_width_minus_1` and `max_frame_height_minus_1` of a sequence header: no frame of the sequence is larger. */
function readFramePixels(data: Uint8Array): number {
  let position = 0;
  const bits = (count: number): number => {
    let value = 0;
    for (let i = 0; i < count; i++, position++) {
      const byte = data[position >> 3];
      if (byte === undefined) throw new HeaderError("an AV1 sequence header is cut");
      value = value * 2 + ((byte >> (7 - (position & 7))) & 1);
    }
    return value;
  };
  const isMain = bits(3) === 0;
  bits(1); // still_picture
  const isReduced = bits(1) === 1;
  if (isReduced) bits(5);
  else {
    let delayBits = 0;
    const hasTiming = bits(1) === 1;
    if (hasTiming) {
      bits(64); // num_units_in_display_tick, time_scale
      if (bits(1) === 1) skipUvlc(bits);
      if (bits(1) === 1) {
        delayBits = bits(5) + 1;
        bits(32 + 5 + 5);
      }
    }
    const hasDisplayDelay = bits(1) === 1;
    const points = bits(5) + 1;
    for (let i = 0; i < points; i++) {
      bits(12);
      if (bits(5) > 7) bits(1);
      if (delayBits > 0 && bits(1) === 1) bits(2 * delayBits + 1);
      if (hasDisplayDelay && bits(1) === 1) bits(4);
    }
  }
  const widthBits = bits(4) + 1;
  const heightBits = bits(4) + 1;
  const pixels = (bits(widthBits) + 1) * (bits(heightBits) + 1);
  return !isMain && isDeep(bits, isReduced) ? Math.ceil(pixels * DEEP_COST) : pixels;
}

/** `high_bitdepth`, and what stands between it and the size. */
function isDeep(bits: (count: number) => number, isReduced: boolean): boolean {
  if (!isReduced && bits(1) === 1) bits(4 + 3); // frame ids
  bits(3); // superblocks, intra filters
  if (!isReduced) {
    bits(4);
    const hasOrderHint = bits(1) === 1;
    if (hasOrderHint) bits(2);
    const choosesScreenTools = bits(1) === 1;
    if (choosesScreenTools || bits(1) === 1) {
      if (bits(1) === 0) bits(1); // seq_force_integer_mv
    }
    if (hasOrderHint) bits(3);
  }
  bits(3); // superres, cdef, restoration
  return bits(1) === 1;
}

function skipUvlc(bits: (count: number) => number): void {
  let zeros = 0;
  while (bits(1) === 0) if (++zeros >= 32) return;
  bits(zeros);
}
