import sharp, { type Sharp } from "sharp";
import { validHeics } from "./heic.ts";

const WIDTH = 96;
const HEIGHT = 64;

/** Small valid pictures, at least one of every structure that the formats allow, by name. */
export async function validPictures(): Promise<Record<string, Buffer>> {
  const plain = () => sharp(texture(3), { raw: { width: WIDTH, height: HEIGHT, channels: 3 } });
  const seeThrough = () => sharp(texture(4), { raw: { width: WIDTH, height: HEIGHT, channels: 4 } });
  const frames = () =>
    sharp(Buffer.concat([texture(3), texture(3), texture(3)]), {
      raw: { width: WIDTH, height: 3 * HEIGHT, channels: 3, pageHeight: HEIGHT },
    });
  const encoders: Record<string, () => Sharp> = {
    "baseline.jpg": () => plain().jpeg(),
    "progressive.jpg": () => plain().jpeg({ progressive: true }),
    "cmyk.jpg": () => plain().toColourspace("cmyk").jpeg(),
    "gray.jpg": () => plain().grayscale().jpeg(),
    "exif-icc.jpg": () =>
      plain()
        .withIccProfile("p3")
        .withExif({ IFD0: { Copyright: "c".repeat(300) } })
        .jpeg(),
    "truecolour.png": () => plain().png(),
    "interlaced.png": () => plain().png({ progressive: true }),
    "palette.png": () => plain().png({ palette: true }),
    "16-bit.png": () => plain().toColourspace("rgb16").png(),
    "alpha.png": () => seeThrough().png(),
    "lossy.webp": () => plain().webp(),
    "lossless.webp": () => plain().webp({ lossless: true }),
    "alpha.webp": () => seeThrough().webp(),
    "animated.webp": () => frames().webp(),
    "still.gif": () => plain().gif(),
    "animated.gif": () => frames().gif(),
    "still.avif": () => plain().avif({ effort: 0 }),
    "alpha.avif": () => seeThrough().avif({ effort: 0 }),
    "lzw.tiff": () => plain().tiff({ compression: "lzw" }),
    "deflate-16-bit.tiff": () => plain().toColourspace("rgb16").tiff({ compression: "deflate" }),
    "tiles.tiff": () => plain().tiff({ compression: "packbits", tile: true, tileWidth: 32, tileHeight: 32 }),
    "jpeg-tiles.tiff": () => plain().tiff({ compression: "jpeg", tile: true, tileWidth: 64, tileHeight: 64 }),
    "fax.tiff": () =>
      plain().threshold().toColourspace("b-w").tiff({ compression: "ccittfax4", bitdepth: 1 }),
    "pages.tiff": () => frames().tiff({ compression: "lzw" }),
    "alpha.tiff": () => seeThrough().tiff({ compression: "lzw" }),
  };
  const pictures: Record<string, Buffer> = {};
  for (const [name, encode] of Object.entries(encoders)) pictures[name] = await encode().toBuffer();
  return { ...pictures, ...validHeics() };
}

/** Pixels with gradients, edges and a little noise, so that every encoder has something to write. */
function texture(channels: 3 | 4): Buffer {
  const pixels = Buffer.alloc(WIDTH * HEIGHT * channels);
  for (let i = 0; i < pixels.length; i++) {
    const x = Math.floor(i / channels) % WIDTH;
    const y = Math.floor(i / channels / WIDTH);
    pixels[i] =
      (x * 2 + y * 3 * (i % channels) + ((x >> 4) ^ (y >> 4)) * 40 + ((i * 2_654_435_761) >>> 28)) & 255;
  }
  return pixels;
}
