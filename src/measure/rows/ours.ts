import { createClassifier } from "../../function/classifier.ts";
import { type Config, readConfig } from "../../function/config.ts";
import { createInputBuffers } from "../../function/model/input-buffers.ts";
import { loadModel } from "../../function/model/load.ts";
import { inspectImage } from "../../function/stages/decode/header.ts";
import { inferLogits } from "../../function/stages/infer.ts";
import { createDecoders, prepareImage } from "../../function/stages/prepare.ts";
import { rankLabels } from "../../function/stages/rank.ts";
import { inLanes, inOrder, type OpensRow, stageClock } from "./row.ts";

/** The function's own defaults. */
const CONFIG: Config = readConfig({ RESULTS_BUCKET: "results" });

/** Ours, one picture after the other, by the stages' own functions. */
export const openOursSerial: OpensRow = async ({ modelDir }) => {
  const model = await loadModel(modelDir);
  const buffers = createInputBuffers(model.input);
  const decoders = createDecoders(CONFIG);
  return {
    run: (pictures, onPicture) =>
      inOrder(pictures, onPicture, async (bytes) => {
        const { stages, end } = stageClock();
        const header = inspectImage(bytes, CONFIG.maxImagePixels);
        const writePixelValues = await prepareImage(model, header, buffers, decoders, CONFIG);
        end("decode");
        writePixelValues();
        end("normalize");
        const logits = await inferLogits(model, buffers);
        end("infer");
        const [best] = rankLabels(logits, model.labels, CONFIG.topK);
        end("rank");
        return { stages, top: best?.index };
      }),
    close: () => model.session.release(),
  };
};

/** Ours as the function runs a batch: several pictures in flight, one in the model. */
export const openOursDeployed: OpensRow = (context) =>
  openOverlapped(context.modelDir, context.imagesInFlight);

/** As deployed, with a graph that takes the pixels as they are. */
export const openOursUint8: OpensRow = (context) =>
  openOverlapped(context.uint8ModelDir, context.imagesInFlight);

/** As deployed, with two threads in the model. */
export const openOursTwoThreads: OpensRow = (context) =>
  openOverlapped(context.modelDir, context.imagesInFlight, 2);

async function openOverlapped(
  dir: string,
  lanes: number,
  intraOpNumThreads = CONFIG.intraOpThreads,
): ReturnType<OpensRow> {
  const model = await loadModel(dir, { intraOpNumThreads });
  const classifier = await createClassifier(model, { ...CONFIG, decodesInFlight: lanes });
  return {
    run: (pictures, onPicture) =>
      inLanes(pictures, lanes, onPicture, async (bytes) => {
        const { predictions } = await classifier.classify(bytes);
        return { top: predictions[0]?.index };
      }),
    close: () => model.session.release(),
  };
}

/** Our decode and normalize alone, one picture after the other: bytes to `pixel_values`. */
export const openOursPreprocessing: OpensRow = async ({ modelDir }) => {
  const model = await loadModel(modelDir);
  const buffers = createInputBuffers(model.input);
  const decoders = createDecoders(CONFIG);
  return {
    run: (pictures, onPicture) =>
      inOrder(pictures, onPicture, async (bytes) => {
        const { stages, end } = stageClock();
        const header = inspectImage(bytes, CONFIG.maxImagePixels);
        const writePixelValues = await prepareImage(model, header, buffers, decoders, CONFIG);
        end("decode");
        writePixelValues();
        end("normalize");
        return { stages };
      }),
    close: () => model.session.release(),
  };
};
