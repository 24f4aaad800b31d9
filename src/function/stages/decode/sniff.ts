import type { ImageFormat } from "../../image-format.ts";
import { jpegStart } from "./jpeg-repair.ts";

/** Leading bytes of the formats that are served, `undefined` for any byte. JPEG may start later; AVIF and HEIC have brands. */
const SIGNATURES: readonly (readonly [ImageFormat, readonly (number | undefined)[]])[] = [
  ["png", [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]],
  ["gif", [0x47, 0x49, 0x46, 0x38, undefined, 0x61]],
  ["webp", [0x52, 0x49, 0x46, 0x46, undefined, undefined, undefined, undefined, 0x57, 0x45, 0x42, 0x50]],
  ["tiff", [0x49, 0x49, 0x2a, 0x00]],
  ["tiff", [0x4d, 0x4d, 0x00, 0x2a]],
];

/**
 * Tells a picture of a served format from everything else by its first bytes, so that a text file named `.jpg` is an
 * unsupported format and a broken JPEG is an invalid image, whatever a decoder's message says.
 *
 * @returns `undefined` when the bytes are no picture, or one of a format that is not served (BMP, SVG, …)
 */
export function sniffFormat(bytes: Uint8Array): ImageFormat | undefined {
  const known = SIGNATURES.find(([, signature]) =>
    signature.every((byte, index) => byte === undefined || bytes[index] === byte),
  );
  if (jpegStart(bytes) !== undefined) return "jpeg";
  return known?.[0] ?? formatOfBrands(bytes);
}

/** By their brands, first come, first served: an AVIF calls itself a HEIF image, too. */
const BRANDS: readonly (readonly [ImageFormat, readonly string[]])[] = [
  ["avif", ["avif", "avis"]],
  ["heic", ["heic", "heix", "hevc", "hevx", "heim", "heis", "hevm", "hevs", "mif1", "msf1"]],
];

/** ISO/IEC 14496-12 `ftyp` box: size, "ftyp", major brand, version, compatible brands. */
function formatOfBrands(bytes: Uint8Array): ImageFormat | undefined {
  const ascii = (start: number) => String.fromCharCode(...bytes.subarray(start, start + 4));
  if (ascii(4) !== "ftyp") return undefined;
  const [a = 0, b = 0, c = 0, d = 0] = bytes;
  const boxEnd = Math.min(((a << 24) | (b << 16) | (c << 8) | d) >>> 0, bytes.length, 256);
  const brands: string[] = [];
  for (let offset = 8; offset + 4 <= boxEnd; offset += 4) if (offset !== 12) brands.push(ascii(offset));
  return BRANDS.find(([, known]) => brands.some((brand) => known.includes(brand)))?.[0];
}
