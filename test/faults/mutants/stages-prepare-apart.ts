import { inspectImage } from "../../../src/function/stages/decode/header.ts";
import { decodeSeconds } from "../../../src/function/stages/decode/limit.ts";
import { createDecoders, prepareImage } from "../../../src/function/stages/prepare.ts";
import type * as PrepareApart from "../../../src/function/stages/prepare-apart.ts";

type Mutant = Pick<typeof PrepareApart, "prepareApart">;

/** Apart from others, but in the process that has to tell of it. */
export function decodeHere(_: typeof PrepareApart): Mutant {
  return {
    prepareApart(model, file, { pixelValues }, settings, deadline) {
      const header = inspectImage(file, settings.maxImagePixels, settings.formats);
      const buffers = { decoded: { bytes: new Uint8Array(0) }, pixelValues };
      const options = { ...settings, timeoutSeconds: decodeSeconds(deadline), signal: deadline.signal };
      return prepareImage(model, header, buffers, createDecoders(settings), options);
    },
  };
}
