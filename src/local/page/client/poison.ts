import type { KeyedFile } from "./files.ts";

/** A 1x1 JPEG would be small enough to be whole; this one ends in the middle of its first table. */
const JPEG_HEAD = [
  0xff, 0xd8, 0xff, 0xe0, 0, 16, 0x4a, 0x46, 0x49, 0x46, 0, 1, 1, 0, 0, 1, 0, 1, 0, 0, 0xff, 0xdb, 0, 67,
];
const PNG_SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const BOMB_EDGE = 30_000;

/** Three uploads that no retry can cure, each broken in another way. */
export function poisonPictures(): KeyedFile[] {
  const time = new Date().toISOString().slice(11, 19).replaceAll(":", "");
  return [
    { key: `poison-truncated-${time}.jpg`, file: toFile(new Uint8Array(JPEG_HEAD), "image/jpeg") },
    { key: `poison-900-megapixels-${time}.png`, file: toFile(pngBomb(), "image/png") },
    {
      key: `poison-text-${time}.jpg`,
      file: toFile(new TextEncoder().encode("<p>not a picture</p>"), "image/jpeg"),
    },
  ];
}

function toFile(bytes: Uint8Array<ArrayBuffer>, type: string): File {
  return new File([bytes], "poison", { type });
}

/** A PNG of a few bytes whose header declares 30,000 × 30,000 pixels. */
function pngBomb(): Uint8Array<ArrayBuffer> {
  const header = new DataView(new ArrayBuffer(13));
  header.setUint32(0, BOMB_EDGE);
  header.setUint32(4, BOMB_EDGE);
  header.setUint8(8, 1);
  const emptyDeflate = [0x78, 0x9c, 0x03, 0, 0, 0, 0, 1];
  return new Uint8Array([
    ...PNG_SIGNATURE,
    ...chunk("IHDR", [...new Uint8Array(header.buffer)]),
    ...chunk("IDAT", emptyDeflate),
    ...chunk("IEND", []),
  ]);
}

function chunk(type: string, data: readonly number[]): number[] {
  const body = [...new TextEncoder().encode(type), ...data];
  return [...bigEndian(data.length), ...body, ...bigEndian(crc32(body))];
}

function bigEndian(value: number): number[] {
  return [value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff];
}

/** PNG specification, annex D. */
function crc32(bytes: readonly number[]): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}
