import { decodeCentre, openPlainModel, ort, sharp } from "./plain.ts";
import { type Done, inLanes, inOrder, type OpensRow, stageClock } from "./row.ts";

/** The floor, one picture after the other. */
export const openFloorSerial: OpensRow = async ({ modelDir }) => {
  const { decode, infer, close } = await openFloor(modelDir);
  return {
    run: (pictures, onPicture) =>
      inOrder(pictures, onPicture, async (bytes) => {
        const { stages, end } = stageClock();
        await decode(bytes);
        end("decode");
        await infer();
        end("infer");
        return { stages };
      }),
    close,
  };
};

/** The floor with as many pictures in flight as the function has. */
export const openFloorOverlapped: OpensRow = async ({ modelDir, imagesInFlight }) => {
  const { decode, infer, close } = await openFloor(modelDir);
  const work = async (bytes: Uint8Array): Promise<Done> => {
    await decode(bytes);
    await infer();
    return {};
  };
  return { run: (pictures, onPicture) => inLanes(pictures, imagesInFlight, onPicture, work), close };
};

/**
 * Bare sharp and bare `session.run`, set as the function sets them, with nothing between: the pixels are not even
 * carried to the model, which reads the same tensor each time. Nothing that uses these libraries can be faster.
 */
async function openFloor(modelDir: string) {
  sharp.concurrency(1);
  sharp.cache(false);
  const model = await openPlainModel(modelDir, 1);
  const data = new Float32Array(3 * model.side * model.side);
  const feeds = { [model.inputName]: new ort.Tensor("float32", data, [1, 3, model.side, model.side]) };
  return {
    decode: (bytes: Uint8Array) => decodeCentre(bytes, model, { ignoreIcc: true }),
    infer: () => model.session.run(feeds),
    close: () => model.session.release(),
  };
}
