import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { inOrder, type OpensRow, type RowContext } from "./row.ts";

// The little of transformers.js' interface that is used: its types are not there until the peers are installed.
type RawImage = object;
type Classifier = ((image: RawImage, options: { top_k: number }) => Promise<{ label: string }[]>) & {
  processor: (image: RawImage) => Promise<object>;
  model: { config: { label2id: Record<string, number> } };
  dispose(): Promise<void>;
};
interface Transformers {
  env: { allowRemoteModels: boolean; localModelPath: string; version: string };
  RawImage: { fromBlob(blob: Blob): Promise<RawImage> };
  pipeline(
    task: string,
    model: string,
    options: { dtype: string; device: string; session_options: object },
  ): Promise<Classifier>;
}

/** transformers.js' image-classification pipeline, bytes to labels, on the same INT8 weights (dtype q8). */
export const openTransformersClassify: OpensRow = (context) => openTransformers(context, true);

/** transformers.js' image processor, bytes to `pixel_values`. */
export const openTransformersPreprocessing: OpensRow = (context) => openTransformers(context, false);

async function openTransformers(context: RowContext, classifies: boolean): ReturnType<OpensRow> {
  const require = createRequire(join(context.peersDir, "package.json"));
  const entry = require.resolve("@huggingface/transformers").replace(/\.cjs$/, ".mjs");
  const { env, pipeline, RawImage } = (await import(pathToFileURL(entry).href)) as Transformers;
  env.allowRemoteModels = false;
  env.localModelPath = context.transformersModel.dir;
  const classifier = await pipeline("image-classification", context.transformersModel.name, {
    dtype: "q8",
    device: "cpu",
    session_options: context.cores === undefined ? {} : { intraOpNumThreads: context.cores.count },
  });
  return {
    versions: { "@huggingface/transformers": env.version },
    run: (pictures, onPicture) =>
      inOrder(pictures, onPicture, async (bytes) => {
        const image = await RawImage.fromBlob(new Blob([new Uint8Array(bytes)]));
        if (!classifies) {
          await classifier.processor(image);
          return {};
        }
        const [best] = await classifier(image, { top_k: 5 });
        return { top: classifier.model.config.label2id[best?.label ?? ""] };
      }),
    close: () => classifier.dispose(),
  };
}
