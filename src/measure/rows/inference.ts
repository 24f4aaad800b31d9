import { inferTop, openPlainModel } from "./plain.ts";
import { inOrder, type OpensRow } from "./row.ts";

/** `session.run` alone on the INT8 graph, one thread. */
export const openInferInt8: OpensRow = (context) => openInference(context.modelDir);

/** `session.run` alone on the same weights as float32, one thread. */
export const openInferFloat32: OpensRow = (context) => openInference(context.float32ModelDir);

async function openInference(dir: string): ReturnType<OpensRow> {
  const model = await openPlainModel(dir, 1);
  // Not zeros: denormal and zero inputs are no measure for float32.
  const data = Float32Array.from({ length: 3 * model.side * model.side }, (_, i) => Math.sin(i));
  return {
    run: (pictures, onPicture) =>
      inOrder(pictures, onPicture, async () => ({ top: await inferTop(model, data) })),
    close: () => model.session.release(),
  };
}
