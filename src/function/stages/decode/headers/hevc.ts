import { HeaderError } from "./header.ts";

/** What an HEVC bitstream says of its pictures. */
export interface HevcPicture {
  /** In pixels, as decoded: before what the bitstream itself cuts off. */
  readonly codedPixels: number;
  /** In pixels, as the decoder gives them out. */
  readonly width: number;
  readonly height: number;
}

const SPS = 33;
/** Network abstraction layer units below this hold slices of a picture. */
const FIRST_PARAMETER_SET = 32;
const MAX_UNITS = 20_000;

/** The parameter sets in the content of a box `hvcC`. */
export interface HevcConfiguration {
  readonly pictures: readonly HevcPicture[];
  /** Bytes of the length before each unit of the data. */
  readonly lengthBytes: number;
}

/**
 * @param box content of `hvcC`
 * @throws {HeaderError}
 * @see ISO/IEC 14496-15, 8.3.3.1
 */
export function readHevcConfiguration(box: Uint8Array): HevcConfiguration {
  const pictures: HevcPicture[] = [];
  for (const unit of parameterSets(box))
    if (typeOf(unit) === SPS) pictures.push(readSequenceParameters(unit));
  if (pictures.length === 0) throw new HeaderError("expected the HEVC configuration to hold an SPS");
  return { pictures, lengthBytes: lengthBytesOf(box) };
}

/**
 * How many pictures the data of one item begins. An honest item has one.
 *
 * @throws {HeaderError} when the data brings parameters of its own, of which the configuration said nothing
 */
export function countPictures(data: Uint8Array, lengthBytes: number): number {
  let [pictures, units] = [0, 0];
  for (const unit of dataUnits(data, lengthBytes)) {
    if (units++ === MAX_UNITS) throw new HeaderError(`expected at most ${MAX_UNITS} units in an HEVC item`);
    const type = typeOf(unit);
    if (type === SPS) throw new HeaderError("expected no parameters (SPS) in the data of an HEVC item");
    const isFirstSlice = ((unit[2] ?? 0) & 0x80) !== 0;
    if (type < FIRST_PARAMETER_SET && isFirstSlice) pictures++;
  }
  return pictures;
}

/**
 * What a decoder is fed with: the parameter sets, then the data.
 *
 * @throws {HeaderError} when a unit is cut
 */
export function* unitsOf(image: { configuration: Uint8Array; data: Uint8Array }): Generator<Uint8Array> {
  yield* parameterSets(image.configuration);
  yield* dataUnits(image.data, lengthBytesOf(image.configuration));
}

const typeOf = ([first = 0]: Uint8Array): number => (first >> 1) & 63;

/** Bytes of the length before each unit of the data. */
const lengthBytesOf = (configuration: Uint8Array): number => ((configuration[21] ?? 0) & 3) + 1;

function* parameterSets(box: Uint8Array): Generator<Uint8Array> {
  const at = (offset: number) => {
    const byte = box[offset];
    if (byte === undefined) throw new HeaderError("the HEVC configuration (hvcC) is cut");
    return byte;
  };
  let offset = 23;
  for (let arrays = at(22); arrays > 0; arrays--) {
    let count = at(offset + 1) * 256 + at(offset + 2);
    offset += 3;
    for (; count > 0; count--) {
      const length = at(offset) * 256 + at(offset + 1);
      offset += 2 + length;
      if (offset > box.length) throw new HeaderError("the HEVC configuration (hvcC) is cut");
      yield box.subarray(offset - length, offset);
    }
  }
}

function* dataUnits(data: Uint8Array, lengthBytes: number): Generator<Uint8Array> {
  for (let offset = 0; offset < data.length; ) {
    let length = 0;
    for (let i = 0; i < lengthBytes; i++) length = length * 256 + (data[offset + i] ?? 0);
    const start = offset + lengthBytes;
    offset = start + length;
    if (offset > data.length) throw new HeaderError("a unit of the HEVC data is cut");
    yield data.subarray(start, offset);
  }
}

/** @see Rec. ITU-T H.265, 7.3.2.2 */
function readSequenceParameters(unit: Uint8Array): HevcPicture {
  const { bits, ue } = bitReader(withoutEmulation(unit.subarray(2)));
  bits(4); // sps_video_parameter_set_id
  const subLayers = bits(3);
  bits(1);
  skipProfileTierLevel(bits, subLayers);
  ue(); // sps_seq_parameter_set_id
  const chromaFormat = ue();
  if (chromaFormat > 3) throw new HeaderError(`expected chroma_format_idc 0 to 3, got ${chromaFormat}`);
  if (chromaFormat === 3) bits(1);
  const coded = { width: ue(), height: ue() };
  const [left, right, top, bottom] = bits(1) === 1 ? [ue(), ue(), ue(), ue()] : [0, 0, 0, 0];
  const unitWidth = chromaFormat === 1 || chromaFormat === 2 ? 2 : 1;
  const unitHeight = chromaFormat === 1 ? 2 : 1;
  const width = coded.width - unitWidth * (left + right);
  const height = coded.height - unitHeight * (top + bottom);
  if (width <= 0 || height <= 0) throw new HeaderError("expected an HEVC picture to have pixels");
  return { codedPixels: coded.width * coded.height, width, height };
}

/** @see Rec. ITU-T H.265, 7.3.3 */
function skipProfileTierLevel(bits: (count: number) => number, subLayers: number): void {
  const [profileBits, levelBits] = [88, 8];
  bits(profileBits + levelBits);
  const present: [profile: number, level: number][] = [];
  for (let i = 0; i < subLayers; i++) present.push([bits(1), bits(1)]);
  if (subLayers > 0) bits(2 * (8 - subLayers));
  for (const [profile, level] of present) bits(profileBits * profile + levelBits * level);
}

/** Takes the 3 out that follows two zeros wherever a start code could be seen. */
function withoutEmulation(unit: Uint8Array): Uint8Array {
  const plain = unit.filter((byte, i) => !(byte === 3 && i >= 2 && unit[i - 1] === 0 && unit[i - 2] === 0));
  return plain;
}

function bitReader(data: Uint8Array): { bits(count: number): number; ue(): number } {
  let position = 0;
  const bits = (count: number): number => {
    let value = 0;
    for (let i = 0; i < count; i++, position++) {
      const byte = data[position >> 3];
      if (byte === undefined) throw new HeaderError("an HEVC parameter set (SPS) is cut");
      value = value * 2 + ((byte >> (7 - (position & 7))) & 1);
    }
    return value;
  };
  /** An unsigned Exp-Golomb number. */
  const ue = (): number => {
    let zeros = 0;
    while (bits(1) === 0) if (++zeros > 31) throw new HeaderError("an HEVC parameter is too large");
    return 2 ** zeros - 1 + bits(zeros);
  };
  return { bits, ue };
}
