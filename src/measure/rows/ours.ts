import { loadModel } from "../../function/model.ts";
import { classifyBytes, createSlot } from "../../function/pipeline/classify.ts";
import { type DecodeOptions, decodeImage } from "../../function/pipeline/decode.ts";
import { normalizeImage } from "../../function/pipeline/normalize.ts";
import { inLanes, inOrder, type OpensRow } from "./row.ts";

/** The function's own defaults. */
const DECODE_OPTIONS: DecodeOptions = {
  maxImagePixels: 50_000_000,
  applyIccProfile: false,
  backgroundColor: "#ffffff",
};
const TOP_K = 5;

/** Ours, one picture after the other. */
export const openOursSerial: OpensRow = (context) => openOurs(context.modelDir, 1, 1);

/** Ours as the function runs a batch: several pictures in flight, one in the model. */
export const openOursDeployed: OpensRow = (context) => openOurs(context.modelDir, context.imagesInFlight, 1);

/** As deployed, with a graph that takes the pixels as they are. */
export const openOursUint8: OpensRow = (context) =>
  openOurs(context.uint8ModelDir, context.imagesInFlight, 1);

/** As deployed, with two threads in the model. */
export const openOursTwoThreads: OpensRow = (context) =>
  openOurs(context.modelDir, context.imagesInFlight, 2);

async function openOurs(dir: string, lanes: number, intraOpNumThreads: number): ReturnType<OpensRow> {
  const model = await loadModel(dir, { intraOpNumThreads });
  const slots = Array.from({ length: lanes }, () => createSlot(model));
  return {
    run: (pictures, onPicture) =>
      inLanes(pictures, lanes, onPicture, async (bytes, lane) => {
        const slot = slots[lane];
        if (slot === undefined) throw new Error(`Expected a slot for each of ${lanes} lanes.`);
        const { predictions, timingsMs } = await classifyBytes(model, slot, bytes, DECODE_OPTIONS, TOP_K);
        const top = predictions[0]?.index;
        return top === undefined ? { stages: timingsMs } : { stages: timingsMs, top };
      }),
    close: () => model.session.release(),
  };
}

/** Our decode and normalize alone, one picture after the other: bytes to `pixel_values`. */
export const openOursPreprocessing: OpensRow = async ({ modelDir }) => {
  const model = await loadModel(modelDir);
  const { pixelValues } = createSlot(model);
  return {
    run: (pictures, onPicture) =>
      inOrder(pictures, onPicture, async (bytes) => {
        const { raw } = await decodeImage(bytes, model.preprocessing, DECODE_OPTIONS);
        normalizeImage(raw, model.normalization, pixelValues);
        return {};
      }),
    close: () => model.session.release(),
  };
};
