import { deflateSync } from "node:zlib";
import sharp, { type Sharp } from "sharp";
import {
  plainPng,
  png,
  pngChunk,
  riffChunk,
  uint24le,
  uint32,
  webp,
  withJpegSegments,
} from "./containers.ts";
import { craftedHeics } from "./heic.ts";
import {
  avifOf,
  clap,
  gridData,
  gridOf,
  irot,
  ispe,
  overlayData,
  plainAvif,
  still,
  twoImages,
} from "./heif.ts";
import { partsOf } from "./structure.ts";
import { craftedTiffs, heavyTiffs } from "./tiff.ts";
import { groupedWebp } from "./webp.ts";

/** A hostile input that no mutation would find; made on demand, since some are large. */
export interface CraftedInput {
  readonly kind: string;
  readonly name: string;
  /** Takes seconds to make: left out of short runs. */
  readonly slow: boolean;
  readonly make: () => Buffer | Promise<Buffer>;
}

/** Inputs that attack one thing each: memory, time, the header, the metadata, the format check. */
export function craftedInputs(valid: Readonly<Record<string, Buffer>>): CraftedInput[] {
  const jpeg = need(valid, "baseline.jpg");
  const progressive = need(valid, "progressive.jpg");
  const gif = need(valid, "still.gif");
  const avif = need(valid, "still.avif");
  const lossy = need(valid, "lossy.webp");
  const ok = need(valid, "truecolour.png");
  return [
    ...of("decompression bomb", {
      "1-bit PNG 30000x30000": () => plainPng(30_000, 30_000, 1),
      "8-bit PNG 7000x7000, under the pixel limit": () => plainPng(7000, 7000),
      "PNG whose IDAT inflates to 200 MB behind a 16x16 header": () =>
        png(16, 16, 8, deflateSync(Buffer.alloc(200_000_000), { level: 9 })),
      "PNG with an ICC profile that inflates to 100 MB": () =>
        plainPng(64, 64, 8, [pngChunk("iCCP", compressedText("p", 100_000_000))]),
      "PNG with 50 texts that inflate to 10 MB each": () =>
        plainPng(64, 64, 8, Array(50).fill(pngChunk("zTXt", compressedText("Comment", 10_000_000)))),
      "WebP 1024x1024 with 65,536 groups of prefix codes": () => groupedWebp(1024, 65_536),
      // libpng takes no more of one than 8 MB.
      "PNG with 900 texts that inflate to 7.9 MB each": () =>
        plainPng(64, 64, 8, Array(900).fill(pngChunk("zTXt", compressedText("Comment", 7_900_000)))),
    }),
    ...slow("decompression bomb", {
      "JPEG 12000x12000 of one colour": () => plain(12_000, 12_000).jpeg().toBuffer(),
      "progressive JPEG 7000x7000, under the pixel limit": () =>
        plain(7000, 7000).jpeg({ progressive: true }).toBuffer(),
      "lossless WebP 12000x12000 of one colour": () =>
        plain(12_000, 12_000).webp({ lossless: true, effort: 0 }).toBuffer(),
      "lossless WebP 7000x7000, under the pixel limit": () =>
        plain(7000, 7000).webp({ lossless: true, effort: 0 }).toBuffer(),
      "GIF 9000x9000 of one colour": () => plain(9000, 9000).gif({ effort: 1 }).toBuffer(),
      "GIF 7000x7000, under the pixel limit": () => plain(7000, 7000).gif({ effort: 1 }).toBuffer(),
      "AVIF 8000x8000 of one colour": () => plain(8000, 8000).avif({ effort: 0 }).toBuffer(),
      "AVIF 7000x7000, under the pixel limit": () => plain(7000, 7000).avif({ effort: 0 }).toBuffer(),
    }),
    ...slow("decompression bomb", heavyTiffs()),
    ...of("says less than it decodes", {
      "AVIF grid of 900 tiles that shows 100x100": () =>
        gridOf(still(avif), 64, 30, 30, { width: 100, height: 100 }),
      "AVIF grid of 65,025 times one tile": () =>
        gridOf(still(avif), 64, 255, 255, { width: 64, height: 64 }),
      "AVIF of 200 frames": () => {
        const { data, configuration } = still(avif);
        const many = { type: "av01", properties: [1, 2], data: Buffer.concat(Array(200).fill(data)) };
        return avifOf([many], [ispe(64, 64), configuration]);
      },
      "AVIF whose size is a lie": () => {
        const { data, configuration } = still(avif);
        return avifOf([{ type: "av01", properties: [1, 2], data }], [ispe(8, 8), configuration]);
      },
      "AVIF grid of itself": () =>
        avifOf(
          [{ type: "grid", properties: [1], data: gridData(1, 1, 64, 64) }],
          [ispe(64, 64)],
          [["dimg", 1, [1]]],
        ),
      "AVIF overlay of one tile on 256 MP": () => {
        const { data, configuration } = still(avif);
        const overlay = { type: "iovl", properties: [1], data: overlayData(16_000, 16_000) };
        return avifOf(
          [overlay, { type: "av01", properties: [1, 2], data }],
          [ispe(64, 64), configuration],
          [["dimg", 1, [2]]],
        );
      },
      "GIF of 200,000 frames": async () => manyFrames(await plain(8, 8).gif().toBuffer(), 200_000),
      "GIF whose later frame is cut": () => manyFrames(gif, 3).subarray(0, -20),
    }),
    ...slow("says less than it decodes", {
      "AVIF 7500x7500 cropped to 100x100": async () => {
        const { data, configuration } = still(await plain(7500, 7500).avif({ effort: 0 }).toBuffer());
        return avifOf(
          [{ type: "av01", properties: [1, 2, 3], data }],
          [ispe(7500, 7500), configuration, clap(100, 100)],
        );
      },
      "AVIF 7000x7000 turned 200 times": async () => {
        const { data, configuration } = still(await plain(7000, 7000).avif({ effort: 0 }).toBuffer());
        const turned = { type: "av01", properties: [1, 2, ...Array(200).fill(3)], data };
        return avifOf([turned], [ispe(7000, 7000), configuration, irot(1)]);
      },
      "AVIF 64x64 to one reader, 7000x7000 to another": async () => {
        const large = still(await plain(7000, 7000).avif({ effort: 0 }).toBuffer());
        return twoImages(plainAvif(still(avif), 64), plainAvif(large, 7000));
      },
      "AVIF grid of 144 MP that shows 100x100": async () => {
        const tile = still(await plain(4000, 4000).avif({ effort: 0 }).toBuffer());
        return gridOf(tile, 4000, 3, 3, { width: 100, height: 100 });
      },
      "AVIF of 200 frames of 9 MP": async () => {
        const { data, configuration } = still(await plain(3000, 3000).avif({ effort: 0 }).toBuffer());
        const many = { type: "av01", properties: [1, 2], data: Buffer.concat(Array(200).fill(data)) };
        return avifOf([many], [ispe(3000, 3000), configuration]);
      },
    }),
    ...of("giant dimensions", {
      "PNG 2147483647x2147483647": () => png(0x7fff_ffff, 0x7fff_ffff, 8, deflateSync(Buffer.alloc(64))),
      "PNG 4294967295x1": () => png(0xffff_ffff, 1, 8, deflateSync(Buffer.alloc(64))),
      "PNG 0x0": () => png(0, 0, 8, deflateSync(Buffer.alloc(64))),
      "JPEG 65500x65500 header": () => patchedJpegSize(jpeg, 65_500, 65_500),
      "JPEG 0x64 header": () => patchedJpegSize(jpeg, 64, 0),
      "progressive JPEG 65500x700 header": () => patchedJpegSize(progressive, 65_500, 700),
      "GIF 65535x65535 screen": () => patched(gif, 6, Buffer.from([0xff, 0xff, 0xff, 0xff])),
      "WebP canvas 16777216x16777216": () => webp([vp8x(0, 1 << 24, 1 << 24), ...webpChunks(lossy)]),
      "AVIF 4294967295x4294967295 header": () =>
        patched(
          avif,
          partStart(avif, "ispe") + 12,
          Buffer.concat([uint32(0xffff_ffff), uint32(0xffff_ffff)]),
        ),
      "1x60000 PNG": () => plainPng(1, 60_000),
      "60000x1 PNG": () => plainPng(60_000, 1),
      "1x1000000 PNG": () => plainPng(1, 1_000_000),
      "1000000x1 PNG": () => plainPng(1_000_000, 1),
      "1x65000 JPEG": () => plain(1, 65_000).jpeg().toBuffer(),
      "65000x1 JPEG": () => plain(65_000, 1).jpeg().toBuffer(),
      "1x1 PNG": () => plainPng(1, 1),
    }),
    ...of("absurd metadata", {
      "JPEG with a random 60 kB ICC profile": () => withJpegSegments(jpeg, [iccSegment(noise(60_000), 1, 1)]),
      "JPEG with 200 ICC segments": () =>
        withJpegSegments(
          jpeg,
          Array.from({ length: 200 }, (_, i) => iccSegment(noise(65_000), i + 1, 200)),
        ),
      "JPEG whose ICC segments count to 0 of 0": () => withJpegSegments(jpeg, [iccSegment(noise(500), 0, 0)]),
      "JPEG with a circular EXIF directory": () => withJpegSegments(jpeg, [exifSegment(circularTiff())]),
      "JPEG with EXIF orientation 65535": () =>
        withJpegSegments(jpeg, [exifSegment(orientationTiff(65_535))]),
      "JPEG with 300 random EXIF segments": () =>
        withJpegSegments(
          jpeg,
          Array.from({ length: 300 }, () => exifSegment(noise(60_000))),
        ),
      "JPEG with XMP that names an entity bomb": () =>
        withJpegSegments(jpeg, [{ marker: 0xffe1, data: Buffer.from(entityBomb()) }]),
      "PNG with 20000 text chunks": () =>
        plainPng(64, 64, 8, Array(20_000).fill(pngChunk("tEXt", Buffer.from("k\0v")))),
      "PNG with a random ICC profile": () =>
        plainPng(64, 64, 8, [
          pngChunk("iCCP", Buffer.concat([Buffer.from("p\0\0"), deflateSync(noise(9000))])),
        ]),
      "WebP with 5 MB of EXIF": () =>
        webp([vp8x(0x08, 96, 64), ...webpChunks(lossy), riffChunk("EXIF", noise(5_000_000))]),
    }),
    ...of("polyglot", {
      "JPEG that is also a ZIP": () => Buffer.concat([jpeg, Buffer.from("PK\x03\x04"), noise(2000)]),
      "JPEG with HTML behind it": () => Buffer.concat([jpeg, Buffer.from("<script>alert(1)</script>")]),
      "PNG with a PDF behind it": () =>
        Buffer.concat([ok, Buffer.from("%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj")]),
      "GIF89a that is JavaScript": () => Buffer.from("GIF89a/*\x00\x01*/=1;alert(document.domain)//"),
      "JPEG comment with PHP": () =>
        withJpegSegments(jpeg, [{ marker: 0xfffe, data: Buffer.from("<?php system($_GET[0]); ?>") }]),
      "SVG behind a JPEG start marker": () => Buffer.concat([Buffer.from([0xff, 0xd8, 0xff]), svg()]),
      "PNG behind a GIF header": () => Buffer.concat([gif.subarray(0, 13), ok]),
      "JPEG with a ZIP in an APP segment": () =>
        withJpegSegments(jpeg, [
          { marker: 0xffed, data: Buffer.concat([Buffer.from("PK\x03\x04"), noise(2000)]) },
        ]),
      "PNG with HTML in a text chunk": () =>
        plainPng(64, 64, 8, [
          pngChunk("tEXt", Buffer.from("Comment\0<html><script>alert(1)</script></html>")),
        ]),
      "WebP with SVG in a chunk of its own": () =>
        webp([vp8x(0, 96, 64), ...webpChunks(lossy), riffChunk("SVG ", svg())]),
      "AVIF with a PDF in a free box": () => {
        const pdf = Buffer.from("free%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj");
        return Buffer.concat([avif, uint32(pdf.length + 4), pdf]);
      },
    }),
    ...of("blocked format", {
      SVG: () => svg(),
      "SVG with an external entity": () =>
        Buffer.from(
          '<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]><svg xmlns="http://www.w3.org/2000/svg"><text>&x;</text></svg>',
        ),
      BigTIFF: () => plain(64, 64).tiff({ bigtiff: true }).toBuffer(),
      PDF: () =>
        Buffer.from("%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\ntrailer<<>>\n%%EOF", "latin1"),
      HTML: () => Buffer.from("<!doctype html><title>a picture</title>"),
      BMP: () => Buffer.concat([Buffer.from("BM"), uint32(0x46), noise(200)]),
      PPM: () => Buffer.concat([Buffer.from("P6\n8 8\n255\n"), noise(192)]),
      Radiance: () => Buffer.from("#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 8 +X 8\n"),
      ZIP: () => Buffer.concat([Buffer.from("PK\x03\x04"), noise(300)]),
      ICO: () => Buffer.concat([Buffer.from([0, 0, 1, 0, 1, 0]), noise(100)]),
      "JPEG XL": () => Buffer.from([0xff, 0x0a, 0xfa, 0x7f, 0x01, 0x90, 0x08, 0x00]),
      "HEIC brand": () => Buffer.concat([uint32(24), Buffer.from("ftypheic\0\0\0\0mif1heic"), noise(400)]),
      text: () => Buffer.from("not a picture at all\n".repeat(50)),
      "libvips' own format": () => Buffer.concat([Buffer.from([0x08, 0xf2, 0xa6, 0xb6]), noise(200)]),
    }),
    ...of("animation and scans", {
      "GIF with 5000 frames": () => repeatedPart(need(valid, "animated.gif"), "image", 5000),
      "WebP with 3000 frames": () => animatedWebp(lossy, 3000),
      "progressive JPEG with 3000 scans": () => repeatedPart(progressive, "FFDA", 3000),
      "animated PNG with 3000 frames": () =>
        plainPng(64, 64, 8, [
          pngChunk("acTL", Buffer.concat([uint32(3000), uint32(0)])),
          ...Array.from({ length: 3000 }, (_, index) =>
            pngChunk("fcTL", Buffer.concat([uint32(index), uint32(64), uint32(64), Buffer.alloc(14)])),
          ),
        ]),
      "JPEG with 20000 comments": () =>
        withJpegSegments(jpeg, Array(20_000).fill({ marker: 0xfffe, data: Buffer.from("c") })),
    }),
    ...of("HEIC that lies", craftedHeics()),
    ...of(
      "TIFF that lies",
      craftedTiffs({ strips: need(valid, "lzw.tiff"), tiles: need(valid, "tiles.tiff") }),
    ),
    ...of("nothing much", {
      "no byte": () => Buffer.alloc(0),
      "one byte": () => Buffer.from([0xff]),
      "JPEG start marker": () => Buffer.from([0xff, 0xd8]),
      "JPEG start and end markers": () => Buffer.from([0xff, 0xd8, 0xff, 0xd9]),
      "PNG signature": () => ok.subarray(0, 8),
      "RIFF header": () => lossy.subarray(0, 12),
      "GIF header": () => gif.subarray(0, 6),
      "AVIF brand": () => avif.subarray(0, 24),
      "26 MiB of zeros": () => Buffer.alloc(26 * 2 ** 20),
      "100 kB of zeros": () => Buffer.alloc(100_000),
      "100 kB of noise": () => noise(100_000),
    }),
  ];
}

function of(kind: string, makers: Record<string, CraftedInput["make"]>): CraftedInput[] {
  return Object.entries(makers).map(([name, make]) => ({ kind, name, make, slow: false }));
}

function slow(kind: string, makers: Record<string, CraftedInput["make"]>): CraftedInput[] {
  return of(kind, makers).map((input) => ({ ...input, slow: true }));
}

function need(valid: Readonly<Record<string, Buffer>>, name: string): Buffer {
  const picture = valid[name];
  if (picture === undefined)
    throw new Error(`expected a valid picture ${name}, got ${Object.keys(valid).join(", ")}`);
  return picture;
}

function plain(width: number, height: number): Sharp {
  return sharp({ create: { width, height, channels: 3, background: "#808080" }, limitInputPixels: false });
}

function svg(): Buffer {
  return Buffer.from(
    '<svg xmlns="http://www.w3.org/2000/svg" width="99999" height="99999"><rect width="100%" height="100%"/></svg>',
  );
}

/** Bytes without structure, the same on every run. */
function noise(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let i = 0, state = length + 1; i < length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

function compressedText(keyword: string, inflatedBytes: number): Buffer {
  return Buffer.concat([
    Buffer.from(`${keyword}\0\0`, "latin1"),
    deflateSync(Buffer.alloc(inflatedBytes, "a"), { level: 9 }),
  ]);
}

function patched(valid: Buffer, offset: number, replacement: Buffer): Buffer {
  const bytes = Buffer.from(valid);
  replacement.copy(bytes, offset);
  return bytes;
}

function partStart(bytes: Buffer, name: string): number {
  const part = partsOf(bytes).find((candidate) => candidate.name === name);
  if (part === undefined) throw new Error(`expected a part ${name}, got none`);
  return part.start;
}

function patchedJpegSize(jpeg: Buffer, width: number, height: number): Buffer {
  const frame = partsOf(jpeg).find((part) => part.name === "FFC0" || part.name === "FFC2");
  if (frame === undefined) throw new Error("expected a JPEG with a frame header, got none");
  const size = Buffer.alloc(4);
  size.writeUInt16BE(height, 0);
  size.writeUInt16BE(width, 2);
  return patched(jpeg, frame.start + 5, size);
}

/** The file with its last part of that name repeated until it stands there `times` times. */
function repeatedPart(valid: Buffer, name: string, times: number): Buffer {
  const part = partsOf(valid).findLast((candidate) => candidate.name === name);
  if (part === undefined) throw new Error(`expected a part ${name}, got none`);
  const once = valid.subarray(part.start, part.end);
  return Buffer.concat([
    valid.subarray(0, part.end),
    ...Array(times - 1).fill(once),
    valid.subarray(part.end),
  ]);
}

function webpChunks(still: Buffer): Buffer[] {
  return partsOf(still)
    .filter((part) => part.name.startsWith("VP8") && part.name !== "VP8X")
    .map((part) => still.subarray(part.start, part.end));
}

function vp8x(flags: number, width: number, height: number): Buffer {
  return riffChunk(
    "VP8X",
    Buffer.concat([Buffer.from([flags, 0, 0, 0]), uint24le(width - 1), uint24le(height - 1)]),
  );
}

function animatedWebp(still: Buffer, frames: number): Buffer {
  const frame = riffChunk(
    "ANMF",
    Buffer.concat([
      uint24le(0),
      uint24le(0),
      uint24le(95),
      uint24le(63),
      uint24le(10),
      Buffer.from([0]),
      ...webpChunks(still),
    ]),
  );
  return webp([vp8x(0x02, 96, 64), riffChunk("ANIM", Buffer.alloc(6)), ...Array(frames).fill(frame)]);
}

function iccSegment(data: Buffer, index: number, count: number): { marker: number; data: Buffer } {
  const head = Buffer.concat([
    Buffer.from("ICC_PROFILE\0", "latin1"),
    Buffer.from([index & 255, count & 255]),
  ]);
  return { marker: 0xffe2, data: Buffer.concat([head, data]) };
}

function exifSegment(tiff: Buffer): { marker: number; data: Buffer } {
  return { marker: 0xffe1, data: Buffer.concat([Buffer.from("Exif\0\0", "latin1"), tiff]) };
}

/** A TIFF directory whose next-directory pointer is itself. */
function circularTiff(): Buffer {
  return Buffer.concat([Buffer.from("MM\0*", "latin1"), uint32(8), Buffer.from([0, 0]), uint32(8)]);
}

function orientationTiff(orientation: number): Buffer {
  const entry = Buffer.concat([Buffer.from([0x01, 0x12, 0, 3]), uint32(1), uint32(orientation << 16)]);
  return Buffer.concat([Buffer.from("MM\0*", "latin1"), uint32(8), Buffer.from([0, 1]), entry, uint32(0)]);
}

function entityBomb(): string {
  const levels = Array.from({ length: 9 }, (_, i) => `<!ENTITY l${i + 1} "${`&l${i};`.repeat(10)}">`);
  return `http://ns.adobe.com/xap/1.0/\0<!DOCTYPE x [<!ENTITY l0 "lol">${levels.join("")}]><x>&l9;</x>`;
}

/** The frame of a still GIF, so many times. */
function manyFrames(gif: Buffer, count: number): Buffer {
  const start = gif.lastIndexOf(Buffer.from([0x2c, 0, 0, 0, 0]));
  const frame = gif.subarray(start, -1);
  return Buffer.concat([gif.subarray(0, start), ...Array(count).fill(frame), Buffer.from([0x3b])]);
}
