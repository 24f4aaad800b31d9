import { parentPort, workerData } from "node:worker_threads";
import { createTileDecoder, type Task } from "./stages/decode/heic/tiles.ts";

/** The other entry of the function: a thread that decodes HEIC. `workerData` is `libheif.wasm`, compiled. */
const decode = createTileDecoder(workerData);
parentPort?.on("message", (task: Task) => parentPort?.postMessage(decode(task)));
