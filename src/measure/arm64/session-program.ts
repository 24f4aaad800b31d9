import { createInterface } from "node:readline";
import { createInputBuffers } from "../../function/model/input-buffers.ts";
import { loadModel } from "../../function/model/load.ts";

// Bundled by session.ts. Says "ready" when the model is open, then reads how often it is to run, and so on.
const model = await loadModel(process.argv[2] ?? "");
const { pixelValues, feeds } = createInputBuffers(model.input);
for (let i = 0; i < pixelValues.length; i++) {
  pixelValues[i] = model.input.elementType === "uint8" ? (i * 31) % 256 : Math.sin(i);
}
console.log("ready");
for await (const line of createInterface({ input: process.stdin })) {
  for (let left = Number(line); left > 0; left--) await model.session.run(feeds, [model.outputName]);
  console.log("ready");
}
