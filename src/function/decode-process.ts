import { writeFileSync } from "node:fs";
import { ClassifierError, messageOf } from "./errors.ts";
import { createPixelValues } from "./model/input-buffers.ts";
import { inspectImage } from "./stages/decode/header.ts";
import { createDecoders, prepareImage } from "./stages/prepare.ts";
import type { Order, Reply } from "./stages/prepare-apart.ts";

/** Another entry of the function: a process that decodes one image, whose file comes by its standard input. */
try {
  // When the function's memory is full, Linux shall end this process and not the one that can tell of it.
  writeFileSync("/proc/self/oom_score_adj", "1000");
} catch {
  // There is no such file but on Linux.
}
// An orderly exit would wait for a decoder that has no end.
process.on("disconnect", () => process.kill(process.pid, "SIGKILL"));
process.once("message", async (order: Order) => process.send?.(await prepare(order)));
process.send?.("ready");

async function prepare({ sizeBytes, model, options }: Order): Promise<Reply> {
  try {
    const file = Buffer.alloc(sizeBytes);
    let length = 0;
    for await (const chunk of process.stdin) length += (chunk as Buffer).copy(file, length);
    const header = inspectImage(file, options.maxImagePixels, options.formats);
    const pixelValues = createPixelValues(model.input);
    const buffers = { decoded: { bytes: new Uint8Array(0) }, pixelValues };
    const writePixelValues = await prepareImage(model, header, buffers, createDecoders(options), options);
    writePixelValues();
    return { pixelValues: new Uint8Array(pixelValues.buffer) };
  } catch (error) {
    const code = error instanceof ClassifierError ? error.code : "INFERENCE_FAILED";
    return { fault: { code, message: messageOf(error) } };
  }
}
