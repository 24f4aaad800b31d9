import { textOf } from "./headers/header.ts";

/** What begins with these bytes. In order: the first that fits is the name. `.` in a text stands for any byte. */
const BEGINNINGS: readonly (readonly [start: string, name: string])[] = [
  ["II*\0\x10\0\0\0CR", "camera raw image (Canon CR2)"],
  ["II*\0", "TIFF image"],
  ["MM\0*", "TIFF image"],
  ["II+\0", "BigTIFF image"],
  ["MM\0+", "BigTIFF image"],
  ["IIRO", "camera raw image (Olympus ORF)"],
  ["IIU\0", "camera raw image (Panasonic RW2)"],
  ["FUJIFILMCCD-RAW", "camera raw image (Fujifilm RAF)"],
  ["BM", "BMP image"],
  ["\0\0\x01\0", "ICO icon"],
  ["\0\0\x02\0", "CUR cursor"],
  ["\xff\x0a", "JPEG XL image"],
  ["\0\0\0\x0cJXL ", "JPEG XL image"],
  ["\0\0\0\x0cjP  ", "JPEG 2000 image"],
  ["\xff\x4f\xff\x51", "JPEG 2000 image"],
  ["8BPS", "Photoshop document"],
  ["gimp xcf", "GIMP document"],
  ["qoif", "QOI image"],
  ["v/1\x01", "OpenEXR image"],
  ["%PDF-", "PDF document"],
  ["%!PS", "PostScript document"],
  ["PK\x03\x04", "ZIP archive or Office document"],
  ["\x1f\x8b", "gzip file"],
  ["BZh", "bzip2 file"],
  ["\xfd7zXZ\0", "xz file"],
  ["\x28\xb5\x2f\xfd", "Zstandard file"],
  ["7z\xbc\xaf\x27\x1c", "7-Zip archive"],
  ["Rar!\x1a\x07", "RAR archive"],
  ["\x1a\x45\xdf\xa3", "Matroska or WebM video"],
  ["FLV\x01", "Flash video"],
  ["RIFF....AVI ", "AVI video"],
  ["RIFF....WAVE", "WAV audio"],
  ["OggS", "Ogg audio or video"],
  ["ID3", "MP3 audio"],
  ["fLaC", "FLAC audio"],
  ["\0\0\x01\xba", "MPEG video"],
  ["\x7fELF", "program for Linux"],
  ["MZ", "program for Windows"],
  ["\xca\xfe\xba\xbe", "Java class or program for macOS"],
  ["SQLite format 3\0", "SQLite database"],
  ["version https://git-lfs.github.com/spec/", "Git LFS pointer, the image itself is not in it"],
];

/** Brands of ISO base media files that hold no image that is served. */
const BRANDS: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/^(heic|heix|heim|heis|hevc|hevx|hevm|hevs)/, "HEIC image (as iPhones make them)"],
  [/^(mif1|msf1)/, "HEIF image"],
  [/^avi[fs]/, "AVIF image"],
  [/^crx /, "camera raw image (Canon CR3)"],
  [/^qt {2}/, "QuickTime video"],
  [/^(M4A|M4B)/, "MP4 audio"],
  [/./s, "MP4 video"],
];

/** What text begins with, after white space. */
const MARKUPS: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/^(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)*(<!doctype svg[^>]*>\s*)?<svg[\s>]/is, "SVG drawing"],
  [/^(<!--.*?-->\s*)*<(!doctype html|html|head|body)[\s>]/is, "HTML page"],
  [/^<\?xml[\s>]/i, "XML document"],
  [/^data:image\//i, "data: URL, as text"],
  [/^[[{]/, "JSON or other text"],
];

const LOOKED_AT_BYTES = 512;

/**
 * Names what a file is by its first bytes, for people: a rejection says what came. No decision hangs on it.
 *
 * @returns such as "PDF document"; for bytes of no known kind, their first eight in hexadecimal
 */
export function nameContent(bytes: Uint8Array): string {
  const start = textOf(bytes, 0, LOOKED_AT_BYTES);
  if (start.slice(4, 8) === "ftyp") return first(BRANDS, start.slice(8, 12)) ?? "MP4 video";
  const known = BEGINNINGS.find(([beginning]) =>
    Array.from(beginning).every((char, index) => char === "." || char === start[index]),
  );
  if (known !== undefined) return known[1];
  const text = start.replace(/^\xef\xbb\xbf/, "").trimStart();
  const markup = first(MARKUPS, text);
  if (markup !== undefined) return markup;
  const hex = Buffer.from(bytes.subarray(0, 8)).toString("hex");
  if (isText(bytes.subarray(0, LOOKED_AT_BYTES))) return `plain text (it begins with ${hex})`;
  return `bytes of no known kind (they begin with ${hex})`;
}

function first(table: readonly (readonly [RegExp, string])[], text: string): string | undefined {
  return table.find(([pattern]) => pattern.test(text))?.[1];
}

function isText(bytes: Uint8Array): boolean {
  return bytes.length > 0 && bytes.every((byte) => byte >= 0x20 || (byte >= 0x09 && byte <= 0x0d));
}
