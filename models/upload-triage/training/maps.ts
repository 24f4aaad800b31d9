/**
 * What the teacher or the trunk makes of rendered views, once, so that training need not run it.
 *
 *     node models/upload-triage/training/maps.ts GRAPH.onnx VIEWS MAPS
 *
 * GRAPH.onnx is made by teacher.py or trunk.py: uint8 [1, 192, 192, 3] → uint8 [1, 384, 12, 12]. For each `<source>.u8` of
 * VIEWS that has no `<source>.maps` in MAPS yet, writes them: uint8 [N, 384, 12, 12], and copies `<source>.json` beside them.
 */
import { copyFileSync, existsSync, mkdirSync, readdirSync } from "node:fs";
import { open, rename } from "node:fs/promises";
import { join } from "node:path";
import { InferenceSession, Tensor } from "onnxruntime-node";

const SIDE = 192;
const [modelFile = "", views = "", folder = ""] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });
const session = await InferenceSession.create(modelFile, { intraOpNumThreads: 1 });
const pixels = new Uint8Array(SIDE * SIDE * 3);
// The product's input is p / 127.5 − 1, quantised in steps of 1/128 around 128.
const quantised = Uint8Array.from({ length: 256 }, (_, p) =>
  Math.min(255, Math.round((p / 127.5 - 1) * 128) + 128),
);

for (const file of readdirSync(views).filter((name) => name.endsWith(".u8"))) {
  const out = join(folder, file.replace(/u8$/, "maps"));
  if (existsSync(out)) continue;
  const [input, output] = [await open(join(views, file)), await open(`${out}.part`, "w")];
  const { size } = await input.stat();
  for (let position = 0; position < size; position += pixels.length) {
    await input.read(pixels, 0, pixels.length, position);
    for (let at = 0; at < pixels.length; at += 1) pixels[at] = quantised[pixels[at] ?? 0] ?? 0;
    const results = await session.run({ pixel_values: new Tensor("uint8", pixels, [1, SIDE, SIDE, 3]) });
    const maps = results[session.outputNames[0] ?? ""];
    if (!(maps?.data instanceof Uint8Array)) throw new TypeError("expected uint8 maps");
    await output.write(maps.data);
  }
  await Promise.all([input.close(), output.close()]);
  await rename(`${out}.part`, out);
  const index = file.replace(/u8$/, "json");
  copyFileSync(join(views, index), join(folder, index));
  console.log(file, size / pixels.length);
}
