import { readPreprocessorOf } from "../../function/model/load.ts";
import type { Geometry } from "../../function/model/preprocessing.ts";
import { sharp } from "../../function/native.ts";
import { decodeImage } from "../../function/stages/decode/sharp.ts";
import type { LocalStack } from "../stack.ts";
import { readUpload } from "./read-upload.ts";

// As the function's defaults.
const OPTIONS = { maxImagePixels: 50_000_000, applyIccProfile: false, backgroundColor: "#ffffff" };

/** How each model folder wants an image; those whose files cannot be read are left out, as starting them says why. */
export async function readGeometries(
  models: ReadonlyMap<string, string>,
): Promise<Readonly<Record<string, Geometry>>> {
  const entries = await Promise.all(
    [...models].map(async ([name, dir]) => {
      const geometry = await readPreprocessorOf(dir).catch(() => undefined);
      return geometry === undefined ? [] : [[name, geometry] as const];
    }),
  );
  return Object.fromEntries(entries.flat());
}

/** The pixels that a model is given, as PNG: decoded, resized and cut by the function's own code. */
export async function renderModelInput(stack: LocalStack, key: string, geometry: Geometry): Promise<Buffer> {
  const { raw } = await decodeImage(await readUpload(stack, key), geometry, OPTIONS);
  const { pixels, width, height, channels } = raw;
  return sharp(pixels, { raw: { width, height, channels } }).png().toBuffer();
}
