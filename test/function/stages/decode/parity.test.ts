import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import sharp from "sharp";
import type { Geometry, Kernel } from "../../../../src/function/model/preprocessing.ts";
import { turbojpegLibrary } from "../../../../src/function/native.ts";
import { realData } from "../../../real-data.ts";
import { drawn } from "../../pictures.ts";
import { decodeImage } from "./pixels.ts";

const KERNELS: readonly Kernel[] = ["nearest", "lanczos3", "linear", "cubic", "box", "hamming"];
const PYTHON = "/usr/bin/python3";
const hasPillow = spawnSync(PYTHON, ["-c", "import PIL"]).status === 0;
const skip = !hasPillow && `needs ${PYTHON} with Pillow (Debian: python3-pil)`;
const needsTurbojpeg = turbojpegLibrary() === undefined && "needs libturbojpeg: Linux with glibc";
const square = (side: number) => ({ height: side, width: side });
const OPTIONS = { maxImagePixels: 50_000_000, applyIccProfile: false, backgroundColor: "#ffffff" };
/** Mean difference in levels of 255. A large JPEG is decoded at a smaller scale, which averages pixels in its own way. */
const MOST = { exact: 0, photograph: 0.3, scaled: 2 };

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
  readonly decoder?: "sharp" | "any";
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
  for (const [index, { name, file, geometry, most, decoder }] of cases.entries()) {
    const { raw } = await decodeImage(readFileSync(file), geometry, OPTIONS, decoder);
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
        cases.push({ name: `${how}, ${kernel}`, file, geometry: geometryOf(kernel), most: MOST.exact });
      }
    }
    await assertParity(cases);
  });
}

const KINDS = {
  "4:2:0": { chromaSubsampling: "4:2:0" },
  "4:4:4": { chromaSubsampling: "4:4:4" },
  progressive: { progressive: true },
  gray: {},
} as const;

for (const [kind, options] of Object.entries(KINDS)) {
  test(`a JPEG, ${kind}, has Pillow's pixels, with every filter`, {
    skip: skip || needsTurbojpeg,
  }, async () => {
    const cases: Case[] = [];
    for (const [width, height] of [
      [1, 1],
      [7, 300],
      [501, 333],
    ] as const) {
      const drawing = detailed(width, height).toColourspace(kind === "gray" ? "b-w" : "srgb");
      const file = join(folder, `${kind.replaceAll(":", "")}-${width}.jpg`);
      writeFileSync(file, await drawing.jpeg(options).toBuffer());
      for (const kernel of KERNELS) {
        const geometry = { resizeTo: square(160), crop: undefined, kernel };
        cases.push({
          name: `${width} × ${height}, ${kernel}`,
          file,
          geometry,
          most: MOST.exact,
          decoder: "any",
        });
      }
    }
    await assertParity(cases);
  });
}

test("large images: a PNG has Pillow's pixels, a JPEG of smaller scale is near them", { skip }, async () => {
  const [png, jpeg] = [join(folder, "large.png"), join(folder, "large.jpg")];
  const drawing = detailed(2400, 1800);
  writeFileSync(png, await drawing.clone().png({ compressionLevel: 1 }).toBuffer());
  writeFileSync(jpeg, await drawing.jpeg({ quality: 95 }).toBuffer());
  const geometryOf = (kernel: Kernel) => ({ resizeShorterSide: 256, crop: square(224), kernel });
  await assertParity([
    { name: "PNG", file: png, geometry: geometryOf("lanczos3"), most: MOST.exact },
    {
      name: "JPEG by libjpeg-turbo",
      file: jpeg,
      geometry: geometryOf("linear"),
      most: MOST.scaled,
      decoder: "any",
    },
    { name: "JPEG by sharp", file: jpeg, geometry: geometryOf("linear"), most: MOST.scaled },
    { name: "JPEG, box", file: jpeg, geometry: geometryOf("box"), most: MOST.exact, decoder: "any" },
  ]);
});

const photographs = realData("imagenet-100");
const skipReal = skip || (photographs === undefined && "needs ../shared/data/imagenet-100");

for (const decoder of ["sharp", "any"] as const) {
  const by = decoder === "sharp" ? "sharp" : "libjpeg-turbo";
  test(`photographs as JPEG, by ${by}, are within ${MOST.photograph} levels of Pillow`, {
    skip: skipReal,
  }, async () => {
    const files = readdirSync(photographs ?? "", { recursive: true, encoding: "utf8" }).filter((name) =>
      name.endsWith(".jpg"),
    );
    const cases: Case[] = [];
    for (const name of files.slice(0, 6)) {
      const file = join(photographs ?? "", name);
      const metadata = await sharp(file).metadata();
      // A gray or turned JPEG is no matter of geometry, and Pillow does not turn it.
      if (metadata.channels !== 3 || (metadata.orientation ?? 1) !== 1) continue;
      for (const kernel of KERNELS) {
        const geometry = { resizeShorterSide: 256, crop: square(224), kernel };
        cases.push({ name: `${name}, ${kernel}`, file, geometry, most: MOST.photograph, decoder });
      }
    }
    assert.ok(cases.length >= 18);
    await assertParity(cases);
  });
}
