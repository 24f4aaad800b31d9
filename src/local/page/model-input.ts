import { planGeometry } from "../../function/model/geometry.ts";
import { readPreprocessorOf } from "../../function/model/load.ts";
import type { Geometry } from "../../function/model/preprocessing.ts";
import { loadSharp } from "../../function/native.ts";
import { inspectImage } from "../../function/stages/decode/header.ts";
import { createDecoders, prepareImage } from "../../function/stages/prepare.ts";
import { DEPLOYED_SETTINGS } from "../../models/settings.ts";
import type { LocalStack } from "../stack.ts";
import { readUpload } from "./read-upload.ts";

/** Pixels as they are. */
const NORMALIZATION = { layout: "NHWC", scale: [1, 1, 1], offset: [0, 0, 0] } as const;
const decoders = createDecoders(DEPLOYED_SETTINGS);

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
  const header = inspectImage(await readUpload(stack, key), DEPLOYED_SETTINGS.maxImagePixels);
  const { height, width } = planGeometry(header.image, geometry).output;
  const pixelValues = new Uint8Array(height * width * 3);
  const model = { preprocessing: geometry, normalization: NORMALIZATION };
  const buffers = { decoded: { bytes: new Uint8Array(0) }, pixelValues };
  (await prepareImage(model, header, buffers, decoders, DEPLOYED_SETTINGS))();
  return loadSharp()(pixelValues, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
}
