import { mkdir, readdir, readFile, rename, stat, writeFile } from "node:fs/promises";
import { extname, join, resolve } from "node:path";
import sharp from "sharp";
import { seededRandom } from "./random.ts";

/** One kind of picture that the bench generates. */
export interface PictureKind {
  name: string;
  width: number;
  height: number;
  quality: number;
  /** Range of the noise added to each sample, 0–255: sets the bytes a pixel costs in JPEG, as sensor grain does. */
  grain: number;
  /** The texture is made this many times smaller and enlarged: a phone's picture is soft at pixel level. */
  softness: number;
  /** Share of pictures with full chroma resolution: 75 of 100 ImageNet samples; a phone halves it (4:2:0). */
  fullChromaShare: number;
}

/**
 * The two sizes of the published and later comparisons: what ImageNet holds (about 500×375, 110 KB) and
 * what a phone uploads (12 MP, about 4 MB).
 */
export const PICTURE_KINDS = {
  small: {
    name: "small",
    width: 500,
    height: 375,
    quality: 95,
    grain: 24,
    softness: 1,
    fullChromaShare: 0.75,
  },
  "12mp": {
    name: "12mp",
    width: 4000,
    height: 3000,
    quality: 92,
    grain: 30,
    softness: 2,
    fullChromaShare: 0,
  },
} as const satisfies Record<string, PictureKind>;

export type PictureKindName = keyof typeof PICTURE_KINDS;

/** Share of ImageNet samples that carry an ICC profile (286 of 1000): ours carry one as often. */
const ICC_SHARE = 0.286;
const PICTURE_EXTENSIONS = new Set([".jpg", ".jpeg", ".png", ".webp", ".gif", ".avif", ".tif", ".tiff"]);

/** One octave: a random grid of `cells` columns, enlarged to the size; grey above 64 cells, as detail is. */
async function octave(width: number, height: number, cells: number, random: () => number): Promise<Buffer> {
  const [w, h] = [Math.min(cells, width), Math.max(2, Math.round((cells * height) / width))];
  const grid = Buffer.alloc(w * h * 3);
  for (let i = 0; i < grid.length; i += 3) {
    const grey = Math.floor(random() * 256);
    for (let c = 0; c < 3; c++) grid[i + c] = cells > 64 ? grey : Math.floor(random() * 256);
  }
  const raw = { width: w, height: h, channels: 3 } as const;
  return sharp(grid, { raw }).resize(width, height, { fit: "fill", kernel: "cubic" }).raw().toBuffer();
}

/** Multi-octave value noise, coarse to fine, with grain on top. */
async function texture(kind: PictureKind, random: () => number): Promise<Buffer> {
  const width = kind.width / kind.softness;
  const height = kind.height / kind.softness;
  const sum = new Float32Array(width * height * 3).fill(128);
  for (let cells = 4, amplitude = 60; cells <= width; cells *= 4, amplitude *= 0.62) {
    const noise = await octave(width, height, cells, random);
    for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] ?? 0) + (((noise[i] ?? 0) - 128) * amplitude) / 128;
  }
  const pixels = await sharp(Buffer.from(Uint8ClampedArray.from(sum)), {
    raw: { width, height, channels: 3 },
  })
    .resize(kind.width, kind.height, { fit: "fill", kernel: "cubic" })
    .raw()
    .toBuffer();
  for (let i = 0; i < pixels.length; i += 3) {
    const grain = (random() - 0.5) * kind.grain;
    for (let c = 0; c < 3; c++) pixels[i + c] = Math.max(0, Math.min(255, (pixels[i + c] ?? 0) + grain));
  }
  return pixels;
}

/** Shapes with hard and soft edges, as objects have: ellipses and triangles with gradients. */
function shapes({ width, height }: PictureKind, random: () => number): Buffer {
  const colour = () =>
    `hsl(${Math.floor(random() * 360)} ${Math.floor(random() * 70)}% ${Math.floor(20 + random() * 60)}%)`;
  const x = () => Math.round(random() * width);
  const y = () => Math.round(random() * height);
  const parts = Array.from({ length: 14 }, (_, i) => {
    const gradient = `<linearGradient id="g${i}"><stop stop-color="${colour()}"/><stop offset="1" stop-color="${colour()}"/></linearGradient>`;
    const style = `fill="url(#g${i})" fill-opacity="${(0.35 + random() * 0.5).toFixed(2)}"`;
    return i % 2 === 0
      ? `${gradient}<ellipse cx="${x()}" cy="${y()}" rx="${Math.round(random() * width * 0.2)}" ry="${Math.round(random() * height * 0.3)}" ${style}/>`
      : `${gradient}<polygon points="${x()},${y()} ${x()},${y()} ${x()},${y()}" ${style}/>`;
  });
  return Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${parts.join("")}</svg>`,
  );
}

/** One JPEG of the kind; the same `seed` and `index` give the same bytes under the same sharp version. */
export async function generatePicture(kind: PictureKind, seed: number, index: number): Promise<Buffer> {
  const random = seededRandom(seed * 1_000_003 + index);
  const pixels = await texture(kind, random);
  const picture = sharp(pixels, { raw: { width: kind.width, height: kind.height, channels: 3 } })
    .composite([{ input: shapes(kind, random) }])
    .jpeg({ quality: kind.quality, chromaSubsampling: random() < kind.fullChromaShare ? "4:4:4" : "4:2:0" });
  return (random() < ICC_SHARE ? picture.withIccProfile("srgb") : picture).toBuffer();
}

/**
 * Paths of `count` generated pictures, made once and kept in `dir`.
 *
 * @param onPicture called with the number that are ready
 */
export async function generatedWorkload(
  kind: PictureKind,
  count: number,
  dir: string,
  onPicture: (ready: number) => void = () => {},
  seed = 2026,
): Promise<string[]> {
  const folder = join(
    dir,
    `${kind.name}-${kind.width}x${kind.height}-q${kind.quality}-g${kind.grain}-${seed}`,
  );
  await mkdir(folder, { recursive: true });
  const paths: string[] = [];
  for (let index = 0; index < count; index++) {
    const path = join(folder, `${String(index).padStart(5, "0")}.jpg`);
    if (!(await stat(path).catch(() => undefined))) {
      // Renamed when whole: a run that is interrupted leaves no half picture behind.
      await writeFile(`${path}.part`, await generatePicture(kind, seed, index));
      await rename(`${path}.part`, path);
    }
    paths.push(path);
    onPicture(index + 1);
  }
  return paths;
}

/** Paths of the pictures under `dir`, sorted, sub-folders included; throws when there are none. */
export async function picturesIn(dir: string): Promise<string[]> {
  const names = await readdir(resolve(dir), { recursive: true });
  const paths = names.filter((name) => PICTURE_EXTENSIONS.has(extname(name).toLowerCase())).sort();
  if (paths.length === 0) {
    throw new Error(
      `Expected pictures (${[...PICTURE_EXTENSIONS].join(" ")}) in ${dir}, found none; name another folder.`,
    );
  }
  return paths.map((name) => resolve(dir, name));
}

/** The pictures' bytes, in memory: reading files is no part of what the bench compares. */
export function readPictures(paths: readonly string[]): Promise<Uint8Array[]> {
  return Promise.all(paths.map((path) => readFile(path)));
}
