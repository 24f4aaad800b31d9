import { crc32, deflateSync } from "node:zlib";
import { ClassifierError, messageOf } from "../../../errors.ts";
import type { StoredImage } from "../../../kernel/resampler.ts";
import { loadSharp } from "../../../native.ts";

/** Bytes of a PNG's signature and of its header chunk, behind which a profile may stand. */
const HEADER_END = 8 + 25;

/**
 * Converts pixels to sRGB by a profile, as sharp does with files that embed one.
 *
 * @param profile an ICC profile, or Display P3 by name
 * @throws {ClassifierError} `INVALID_IMAGE` when the profile cannot be read
 */
export async function convertToSrgb(image: StoredImage, profile: Uint8Array | "p3"): Promise<StoredImage> {
  const { width, height, channels, stride = width * channels } = image;
  const raw = { width, height, channels };
  const sharp = loadSharp();
  try {
    // sharp takes a profile for raw pixels from nowhere but a file.
    const png = await sharp(withoutStride(image, stride), { raw }).png({ compressionLevel: 0 }).toBuffer();
    const icc = profile === "p3" ? await displayP3() : profile;
    const pixels = await sharp(withProfile(png, icc), { failOn: "warning" })
      .toColourspace("srgb")
      .removeAlpha()
      .raw()
      .toBuffer();
    return { ...image, pixels, stride: width * channels };
  } catch (cause) {
    throw new ClassifierError(
      "INVALID_IMAGE",
      `the colour profile cannot be applied: ${messageOf(cause)}`,
      cause,
    );
  }
}

function withoutStride({ pixels, width, height, channels }: StoredImage, stride: number): Buffer {
  const rowBytes = width * channels;
  const rows = Array.from({ length: height }, (_, row) =>
    pixels.subarray(row * stride, row * stride + rowBytes),
  );
  return Buffer.concat(rows);
}

/** @see PNG Specification, 11.3.2.3 */
function withProfile(png: Buffer, icc: Uint8Array): Buffer {
  const content = Buffer.concat([Buffer.from("iCCPprofile\0\0", "latin1"), deflateSync(icc)]);
  const [length, checksum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(content.length - 4);
  checksum.writeUInt32BE(crc32(content));
  return Buffer.concat([png.subarray(0, HEADER_END), length, content, checksum, png.subarray(HEADER_END)]);
}

let p3: Promise<Buffer> | undefined;

/** sharp's own profile of that name. */
function displayP3(): Promise<Buffer> {
  p3 ??= (async () => {
    const sharp = loadSharp();
    const create = { width: 1, height: 1, channels: 3, background: "#000" } as const;
    const { icc } = await sharp(await sharp({ create }).withIccProfile("p3").png().toBuffer()).metadata();
    if (icc === undefined) throw new Error("expected sharp to embed its profile p3");
    return icc;
  })();
  return p3;
}
