import { createRequire } from "node:module";
import { join } from "node:path";
import { inferTop, openPlainModel, type PlainInput } from "./plain.ts";
import { inOrder, type OpensRow, type RowContext } from "./row.ts";

// The little of jimp's interface that is used: its own types are not there until the peers are installed.
interface JimpImage {
  bitmap: { data: Uint8Array; width: number; height: number };
  cover(options: { w: number; h: number }): JimpImage;
  crop(options: { x: number; y: number; w: number; h: number }): JimpImage;
}
interface JimpModule {
  Jimp: { read(bytes: Buffer): Promise<JimpImage> };
}

/** jimp decodes, resizes and crops, one pass normalises: preprocessing only. */
export const openJimpPreprocessing: OpensRow = (context) => openJimp(context, false);

/** jimp decodes, resizes and crops, the same INT8 model classifies. */
export const openJimpClassify: OpensRow = (context) => openJimp(context, true);

async function openJimp(
  { peersDir, modelDir, cores }: RowContext,
  classifies: boolean,
): ReturnType<OpensRow> {
  const require = createRequire(join(peersDir, "package.json"));
  const { Jimp } = require("jimp") as JimpModule;
  const model = await openPlainModel(modelDir, cores?.count);
  return {
    versions: { jimp: (require("jimp/package.json") as { version: string }).version },
    run: (pictures, onPicture) =>
      inOrder(pictures, onPicture, async (bytes) => {
        const data = preprocess(await Jimp.read(Buffer.from(bytes)), model);
        return classifies ? { top: await inferTop(model, data) } : {};
      }),
    close: () => model.session.release(),
  };
}

function preprocess(image: JimpImage, { side, shorterSide, mean, std }: PlainInput): Float32Array {
  const margin = Math.floor((shorterSide - side) / 2);
  const { data } = image
    .cover({ w: shorterSide, h: shorterSide })
    .crop({ x: margin, y: margin, w: side, h: side }).bitmap;
  const plane = side * side;
  const values = new Float32Array(3 * plane);
  for (let i = 0; i < plane; i++) {
    for (let c = 0; c < 3; c++) values[c * plane + i] = ((data[i * 4 + c] ?? 0) / 255 - mean) / std;
  }
  return values;
}
