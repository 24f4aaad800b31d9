import { readFile } from "node:fs/promises";
import type { Tensor } from "onnxruntime-node";
import { ClassifierError } from "../function/errors.ts";
import { createInputBuffers, type InputBuffers } from "../function/model/input-buffers.ts";
import type { Model } from "../function/model/load.ts";
import { inspectImage } from "../function/stages/decode/header.ts";
import { createDecoders, prepareImage } from "../function/stages/prepare.ts";
import { DEPLOYED_SETTINGS } from "./settings.ts";

export interface PixelSource {
  readonly model: Pick<Model, "input" | "preprocessing" | "normalization">;
  readonly files: readonly string[];
}

export interface PreparedImage {
  readonly index: number;
  /** What the graph is fed with, valid until the next image; or why the function would reject the file. */
  readonly feeds?: Readonly<Record<string, Tensor>>;
  readonly pixelValues?: InputBuffers["pixelValues"];
  readonly code?: string;
}

/** Files → a model's input, one after the other, by the function's own decoder. */
export async function* readPixels({ model, files }: PixelSource): AsyncGenerator<PreparedImage> {
  const buffers = createInputBuffers(model.input);
  const decoders = createDecoders(DEPLOYED_SETTINGS);
  for (const [index, file] of files.entries()) {
    try {
      const header = inspectImage(await readFile(file), DEPLOYED_SETTINGS.maxImagePixels);
      (await prepareImage(model, header, buffers, decoders, DEPLOYED_SETTINGS))();
    } catch (error) {
      if (!(error instanceof ClassifierError) || error.retryable) throw error;
      yield { index, code: error.code };
      continue;
    }
    yield { index, feeds: buffers.feeds, pixelValues: buffers.pixelValues };
  }
}
