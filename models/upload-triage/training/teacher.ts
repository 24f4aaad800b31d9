/**
 * Pooled features of Google's quantised MobileNet v2 (Apache-2.0) for rendered views: a target of training, thrown away after.
 *
 *     node models/upload-triage/training/teacher.ts FEATURES.onnx VIEWS
 *
 * FEATURES.onnx is made by features.py: uint8 [1, 192, 192, 3] → uint8 [1, 1280, 1, 1]. For each `<source>.u8` that has no
 * `<source>.features` yet, writes them: uint8 [N, 1280].
 */
import { existsSync, readdirSync } from "node:fs";
import { open, rename } from "node:fs/promises";
import { join } from "node:path";
import { InferenceSession, Tensor } from "onnxruntime-node";

const SIDE = 192;
const [modelFile = "", views = ""] = process.argv.slice(2);
const session = await InferenceSession.create(modelFile, { intraOpNumThreads: 1 });
const pixels = new Uint8Array(SIDE * SIDE * 3);

for (const file of readdirSync(views).filter((name) => name.endsWith(".u8"))) {
  const out = join(views, file.replace(/u8$/, "features"));
  if (existsSync(out)) continue;
  const [input, output] = [await open(join(views, file)), await open(`${out}.part`, "w")];
  const { size } = await input.stat();
  for (let position = 0; position < size; position += pixels.length) {
    await input.read(pixels, 0, pixels.length, position);
    const results = await session.run({ pixel_values: new Tensor("uint8", pixels, [1, SIDE, SIDE, 3]) });
    const features = results[session.outputNames[0] ?? ""];
    if (!(features?.data instanceof Uint8Array)) throw new TypeError("expected uint8 features");
    await output.write(features.data);
  }
  await Promise.all([input.close(), output.close()]);
  await rename(`${out}.part`, out);
  console.log(file, size / pixels.length);
}
