import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import sharp from "sharp";
import { seededRandom } from "../../../src/measure/random.ts";

const WIDTH = 180;
const HEIGHT = 140;

type Colour = readonly [number, number, number];
type Random = () => number;
/** Whether the pixel is of the drawing, and not of the ground. */
type Drawing = (x: number, y: number) => boolean;

/** Kinds of drawings that a small network can tell, none of which upload-triage was trained to. */
const KINDS = {
  bars(random) {
    const heights = Array.from({ length: 8 }, () => HEIGHT * (0.15 + 0.7 * random()));
    return (x, y) => x % 22 < 14 && y > HEIGHT - (heights[Math.floor(x / 22)] ?? 0);
  },
  rings(random) {
    const [cx, cy] = [WIDTH * (0.3 + 0.4 * random()), HEIGHT * (0.3 + 0.4 * random())];
    const step = 8 + 6 * random();
    return (x, y) => Math.hypot(x - cx, y - cy) % (2 * step) < step;
  },
  stripes(random) {
    const angle = Math.PI * (0.15 + 0.2 * random());
    const step = 7 + 6 * random();
    return (x, y) => Math.abs(x * Math.cos(angle) + y * Math.sin(angle)) % (2 * step) < step;
  },
  dots(random) {
    const step = 18 + 8 * random();
    const radius = step * (0.2 + 0.15 * random());
    return (x, y) => Math.hypot((x % step) - step / 2, (y % step) - step / 2) < radius;
  },
  noise(random) {
    return () => random() < 0.5;
  },
} satisfies Record<string, (random: Random) => Drawing>;
export type Kind = keyof typeof KINDS;

/** Draws one image; the same seed gives the same image. */
export async function drawPicture(path: string, kind: Kind, seed: number): Promise<void> {
  const random = seededRandom(seed * 7919 + kind.length * 104_729);
  const ground = colour(random, 150, 255);
  const ink = colour(random, 0, 110);
  const isInk: Drawing = KINDS[kind](random);
  const pixels = new Uint8Array(3 * WIDTH * HEIGHT);
  for (let y = 0; y < HEIGHT; y++) {
    for (let x = 0; x < WIDTH; x++) pixels.set(isInk(x, y) ? ink : ground, 3 * (y * WIDTH + x));
  }
  mkdirSync(dirname(path), { recursive: true });
  await sharp(pixels, { raw: { width: WIDTH, height: HEIGHT, channels: 3 } })
    .jpeg({ quality: 85 })
    .toFile(path);
}

/** `<folder>/<kind>/<number>.jpg`, `count` of each, from the seed `first` on. */
export async function drawFolder(
  folder: string,
  kinds: readonly Kind[],
  count: number,
  first = 0,
): Promise<void> {
  for (const kind of kinds) {
    for (let index = first; index < first + count; index++)
      await drawPicture(join(folder, kind, `${index}.jpg`), kind, index);
  }
}

function colour(random: Random, low: number, high: number): Colour {
  const channel = () => Math.floor(low + (high - low) * random());
  return [channel(), channel(), channel()];
}
