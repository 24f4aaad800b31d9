import { createResampler } from "../../function/kernel/resampler.ts";
import { planGeometry } from "../../function/model/geometry.ts";
import { createInputBuffers } from "../../function/model/input-buffers.ts";
import { loadModel } from "../../function/model/load.ts";
import { turbojpegLibrary } from "../../function/native.ts";
import { scaleFor } from "../../function/stages/decode/scale.ts";
import { argMax } from "./plain.ts";
import { type Done, inLanes, inOrder, type OpensRow, stageClock } from "./row.ts";

/** The bare parts, one picture after the other. */
export const openBareSerial: OpensRow = async ({ modelDir }) => {
  const { openLane, close } = await openParts(modelDir);
  const { decode, resample, infer } = openLane();
  return {
    run: (pictures, onPicture) =>
      inOrder(pictures, onPicture, async (bytes) => {
        const { stages, end } = stageClock();
        await decode(bytes);
        end("decode");
        resample();
        end("normalize");
        const top = await infer();
        end("infer");
        return { stages, top };
      }),
    close,
  };
};

/** The bare parts with as many pictures in flight as the function has. */
export const openBareOverlapped: OpensRow = async ({ modelDir, imagesInFlight }) => {
  const { openLane, close } = await openParts(modelDir);
  const lanes = Array.from({ length: imagesInFlight }, openLane);
  const work = async (bytes: Uint8Array): Promise<Done> => {
    const lane = lanes.pop() ?? openLane();
    await lane.decode(bytes);
    lane.resample();
    const top = await lane.infer();
    lanes.push(lane);
    return { top };
  };
  return { run: (pictures, onPicture) => inLanes(pictures, imagesInFlight, onPicture, work), close };
};

const DECOMPRESS = 1;
const [WIDTH, HEIGHT] = [5, 6];
const RGB = 0;

/**
 * The parts that the function is made of, with nothing between: libjpeg-turbo into a buffer that is kept, the kernel,
 * `session.run`. No limits, no checks, no leases, no S3: nothing made of these parts can be faster. JPEGs alone.
 */
async function openParts(modelDir: string) {
  const found = turbojpegLibrary();
  if (found === undefined)
    throw new Error("This row needs libjpeg-turbo's library, which is there on Linux with glibc.");
  const library = found.koffi.load(found.file);
  const fraction = found.koffi.struct({ num: "int", denom: "int" });
  const init = library.func("tj3Init", "void *", ["int"]);
  const get = library.func("tj3Get", "int", ["void *", "int"]);
  const setScale = library.func("tj3SetScalingFactor", "int", ["void *", fraction]);
  const readHeader = library.func("tj3DecompressHeader", "int", ["void *", "const uint8_t *", "size_t"]);
  const decompress = library.func("tj3Decompress8", "int", [
    ...["void *", "const uint8_t *", "size_t", "uint8_t *", "int", "int"],
  ]);
  const model = await loadModel(modelDir);
  const resampler = createResampler();
  const { preprocessing, normalization, outputName } = model;

  function openLane() {
    const handle: unknown = init(DECOMPRESS);
    const { pixelValues, feeds } = createInputBuffers(model.input);
    let pixels = new Uint8Array(0);
    let [full, scale] = [{ width: 0, height: 0 }, 1];
    return {
      async decode(bytes: Uint8Array): Promise<void> {
        readHeader(handle, bytes, bytes.length);
        full = { width: get(handle, WIDTH), height: get(handle, HEIGHT) };
        scale = scaleFor(full, planGeometry(full, preprocessing).resize);
        setScale(handle, { num: 1, denom: scale });
        const [width, height] = [Math.ceil(full.width / scale), Math.ceil(full.height / scale)];
        if (pixels.length < 3 * width * height) pixels = new Uint8Array(3 * width * height);
        const { promise, resolve } = Promise.withResolvers<void>();
        decompress.async(handle, bytes, bytes.length, pixels, 3 * width, RGB, () => resolve());
        await promise;
      },
      resample(): void {
        const extent = { width: full.width / scale, height: full.height / scale };
        const [width, height] = [Math.ceil(extent.width), Math.ceil(extent.height)];
        const image = { pixels, width, height, channels: 3, extent } as const;
        const plan = planGeometry(full, preprocessing);
        resampler.resampleInto(image, plan, preprocessing.kernel, normalization, pixelValues);
      },
      async infer(): Promise<number> {
        const outputs = await model.session.run(feeds, [outputName]);
        return argMax(outputs[outputName]?.data as Float32Array);
      },
    };
  }
  return { openLane, close: () => model.session.release() };
}
