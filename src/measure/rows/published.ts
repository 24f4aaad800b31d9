import { decodeCentre, inferTop, openPlainModel, type PlainInput } from "./plain.ts";
import { inOrder, type OpensRow, type RowContext, stageClock } from "./row.ts";

/**
 * The published baseline's method, in JavaScript: nested loops over rows, columns and channels, an array made for
 * every pixel and every row, strictly one picture after the other, libraries with their defaults.
 */
export const openPublishedBaseline: OpensRow = (context) => openPublished(context, nestedLoops);

/** The published optimised method: one pass over all pixels into one new array; everything else as before. */
export const openPublishedOptimised: OpensRow = (context) => openPublished(context, oneArray);

type Normalizes = (pixels: Uint8Array, model: PlainInput) => Float32Array;

async function openPublished({ modelDir, cores }: RowContext, normalize: Normalizes): ReturnType<OpensRow> {
  const model = await openPlainModel(modelDir, cores?.count);
  return {
    run: (pictures, onPicture) =>
      inOrder(pictures, onPicture, async (bytes) => {
        const { stages, end } = stageClock();
        const pixels = await decodeCentre(bytes, model);
        end("decode");
        const data = normalize(pixels, model);
        end("normalize");
        const top = await inferTop(model, data);
        end("infer");
        return { stages, top };
      }),
    close: () => model.session.release(),
  };
}

/** HWC bytes → nested [channel][y][x] arrays → NCHW floats, the slow way on purpose. */
export function nestedLoops(pixels: Uint8Array, { side, mean, std }: PlainInput): Float32Array {
  const image: number[][][] = [];
  for (let y = 0; y < side; y++) {
    const row: number[][] = [];
    for (let x = 0; x < side; x++) {
      const pixel: number[] = [];
      for (let c = 0; c < 3; c++) pixel.push(((pixels[(y * side + x) * 3 + c] ?? 0) / 255 - mean) / std);
      row.push(pixel);
    }
    image.push(row);
  }
  const planes = [0, 1, 2].map((c) => image.map((row) => row.map((pixel) => pixel[c] ?? 0)));
  return Float32Array.from(planes.flat(2));
}

/** HWC bytes → NCHW floats in one new array, one expression a pixel. */
export function oneArray(pixels: Uint8Array, { side, mean, std }: PlainInput): Float32Array {
  const plane = side * side;
  const data = new Float32Array(3 * plane);
  for (let i = 0; i < plane; i++) {
    for (let c = 0; c < 3; c++) data[c * plane + i] = ((pixels[i * 3 + c] ?? 0) / 255 - mean) / std;
  }
  return data;
}
