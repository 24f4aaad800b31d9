import { decodeCentre, openPlainModel, ort, sharp } from "./plain.ts";
import { inLanes, inOrder, type OpensRow } from "./row.ts";

/** The floor, one picture after the other. */
export const openFloorSerial: OpensRow = (context) => openFloor(context.modelDir, 1);

/** The floor with as many pictures in flight as the function has. */
export const openFloorOverlapped: OpensRow = (context) => openFloor(context.modelDir, context.imagesInFlight);

/**
 * Bare sharp and bare `session.run`, set as the function sets them, with nothing between: the pixels are not even
 * carried to the model, which reads the same tensor each time. Nothing that uses these libraries can be faster.
 */
async function openFloor(modelDir: string, lanes: number): ReturnType<OpensRow> {
  sharp.concurrency(1);
  sharp.cache(false);
  const model = await openPlainModel(modelDir, 1);
  const data = new Float32Array(3 * model.side * model.side);
  const feeds = { [model.inputName]: new ort.Tensor("float32", data, [1, 3, model.side, model.side]) };
  const work = async (bytes: Uint8Array) => {
    const start = performance.now();
    await decodeCentre(bytes, model, { ignoreIcc: true });
    const decoded = performance.now();
    await model.session.run(feeds);
    return { stages: { decode: decoded - start, infer: performance.now() - decoded } };
  };
  return {
    run: (pictures, onPicture) =>
      lanes === 1 ? inOrder(pictures, onPicture, work) : inLanes(pictures, lanes, onPicture, work),
    close: () => model.session.release(),
  };
}
