import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import sharp from "sharp";
import type { Geometry, Kernel } from "../../../../src/function/model/preprocessing.ts";
import { resampleImage } from "../../../../src/function/stages/decode/resample.ts";
import { decodeImage } from "../../../../src/function/stages/decode/sharp.ts";
import { realData } from "../../../real-data.ts";
import { drawn } from "../../pictures.ts";
import vectors from "./pillow/vectors.json" with { type: "json" };

const KERNELS: readonly Kernel[] = ["nearest", "lanczos3", "linear", "cubic", "box", "hamming"];
const PYTHON = "/usr/bin/python3";
const hasPillow = spawnSync(PYTHON, ["-c", "import PIL"]).status === 0;
const skip = !hasPillow && `needs ${PYTHON} with Pillow (Debian: python3-pil)`;
const square = (side: number) => ({ height: side, width: side });
const OPTIONS = { maxImagePixels: 50_000_000, applyIccProfile: false, backgroundColor: "#ffffff" };
/**
 * Mean difference in levels of 255. What `resampleImage` does is exact; libvips shrinks with coarser weights, and by more than
 * about 4 with a box first.
 */
const MOST = { ours: 0.001, sharp: 0.35, "sharp, by more than 4": 1.1 };

const folder = mkdtempSync(join(tmpdir(), "parity-"));
after(() => rmSync(folder, { recursive: true }));

/** Waves, edges and fine detail. */
const detailed = (width: number, height: number) =>
  drawn(width, height, (x, y) => [
    Math.round(127 + 120 * Math.sin(x / 9) * Math.cos(y / 13)),
    (x * 7 + y * 3) % 256,
    (x >> 4) % 2 === (y >> 4) % 2 ? 230 : 25,
  ]);

interface Case {
  readonly name: string;
  readonly file: string;
  readonly geometry: Geometry;
  readonly most: number;
}

function pillow(cases: readonly Case[]): Buffer[] {
  const out = (index: number) => join(folder, `${index}.rgb`);
  const lines = cases.map(({ file, geometry }, index) =>
    JSON.stringify({
      file,
      out: out(index),
      resample: KERNELS.indexOf(geometry.kernel),
      ...("resizeTo" in geometry
        ? { exact: [geometry.resizeTo.width, geometry.resizeTo.height] }
        : { shorter: geometry.resizeShorterSide }),
      ...(geometry.crop && { crop: geometry.crop.height }),
    }),
  );
  const script = join(import.meta.dirname, "pillow/reference.py");
  const { status, stderr } = spawnSync(PYTHON, [script], { input: lines.join("\n"), encoding: "utf8" });
  assert.equal(status, 0, stderr);
  return cases.map((_, index) => readFileSync(out(index)));
}

function meanDifference(ours: Uint8Array, theirs: Uint8Array): number {
  assert.equal(ours.length, theirs.length);
  return ours.reduce((sum, value, index) => sum + Math.abs(value - (theirs[index] ?? 0)), 0) / ours.length;
}

async function assertParity(cases: readonly Case[]): Promise<void> {
  const expected = pillow(cases);
  for (const [index, { name, file, geometry, most }] of cases.entries()) {
    const { raw } = await decodeImage(readFileSync(file), geometry, OPTIONS);
    const difference = meanDifference(raw.pixels, expected[index] ?? Buffer.of());
    assert.ok(difference <= most, `${name}: mean difference ${difference.toFixed(3)} levels`);
  }
}

const SIZES = { shrinking: [500, 375], enlarging: [50, 41], "shrinking one axis": [40, 500] } as const;
const GEOMETRIES: Readonly<Record<string, (kernel: Kernel) => Geometry>> = {
  "shorter side and crop": (kernel) => ({ resizeShorterSide: 256, crop: square(224), kernel }),
  stretched: (kernel) => ({ resizeTo: square(160), crop: undefined, kernel }),
  "crop larger than the resized image": (kernel) => ({ resizeShorterSide: 51, crop: square(64), kernel }),
};

for (const [what, geometryOf] of Object.entries(GEOMETRIES)) {
  test(`${what}: the pixels are Pillow's, shrinking and enlarging, with every filter`, { skip }, async () => {
    const cases: Case[] = [];
    for (const [how, [width, height]] of Object.entries(SIZES)) {
      const file = join(folder, `${how}.png`);
      writeFileSync(file, await detailed(width, height).png().toBuffer());
      for (const kernel of KERNELS) {
        const isOurs = how === "enlarging" || !["lanczos3", "linear", "cubic"].includes(kernel);
        const most =
          what === "crop larger than the resized image" ? MOST["sharp, by more than 4"] : MOST.sharp;
        cases.push({
          name: `${how}, ${kernel}`,
          file,
          geometry: geometryOf(kernel),
          most: isOurs ? MOST.ours : most,
        });
      }
    }
    await assertParity(cases);
  });
}

const photographs = realData("imagenet-100");
const skipReal = skip || (photographs === undefined && "needs ../shared/data/imagenet-100");

test("photographs as JPEG are within a third of a level of Pillow", { skip: skipReal }, async () => {
  const files = readdirSync(photographs ?? "", { recursive: true, encoding: "utf8" }).filter((name) =>
    name.endsWith(".jpg"),
  );
  const cases: Case[] = [];
  for (const name of files.slice(0, 6)) {
    const file = join(photographs ?? "", name);
    const metadata = await sharp(file).metadata();
    // A gray or turned JPEG is no matter of geometry, and Pillow does not turn it.
    if (metadata.channels !== 3 || (metadata.orientation ?? 1) !== 1) continue;
    for (const kernel of ["lanczos3", "linear", "cubic"] as const) {
      cases.push({
        name: `${name}, ${kernel}`,
        file,
        geometry: { resizeShorterSide: 256, crop: square(224), kernel },
        most: MOST.sharp,
      });
    }
  }
  assert.ok(cases.length >= 9);
  await assertParity(cases);
});

for (const { kernel, source, size, pixels } of vectors) {
  test(`${kernel} from ${source.width} × ${source.height} to ${size.width} × ${size.height} is Pillow's to the last bit`, () => {
    const plan = { resize: size, top: 0, left: 0, output: size };
    const raw = { ...source, pixels: Buffer.from(source.pixels, "base64"), channels: 3 } as const;
    const ours = resampleImage(raw, plan, kernel as Kernel);
    assert.equal(Buffer.from(ours.pixels).toString("base64"), pixels);
  });
}
