import { openBareOverlapped, openBareSerial } from "./bare.ts";
import { DEPLOYED, deployedId } from "./catalog.ts";
import { openFloorOverlapped, openFloorSerial } from "./floor.ts";
import { openInferFloat32, openInferInt8 } from "./inference.ts";
import { openJimpClassify, openJimpPreprocessing } from "./jimp.ts";
import {
  openOursDeployed,
  openOursPreprocessing,
  openOursSerial,
  openOursTwoThreads,
  openOursUint8,
} from "./ours.ts";
import { openPublishedBaseline, openPublishedOptimised } from "./published.ts";
import type { OpensRow } from "./row.ts";
import { openTransformersClassify, openTransformersPreprocessing } from "./transformers.ts";

/** How each Node row of the catalogue is opened. Apart from it, because importing these changes sharp's settings. */
export const OPENERS: Readonly<Record<string, OpensRow>> = {
  baseline: openPublishedBaseline,
  vectorised: openPublishedOptimised,
  transformers: openTransformersClassify,
  jimp: openJimpClassify,
  "ours-serial": openOursSerial,
  ours: openOursDeployed,
  "ours-uint8": openOursUint8,
  "ours-2-threads": openOursTwoThreads,
  "bare-serial": openBareSerial,
  bare: openBareOverlapped,
  "floor-serial": openFloorSerial,
  floor: openFloorOverlapped,
  ...Object.fromEntries(
    DEPLOYED.map(({ latencyMs, batch }): [string, OpensRow] => [
      deployedId(latencyMs, batch),
      // Not taken along over ssh: it needs the S3 endpoint.
      async (context) => (await import("./deployed.ts")).openDeployed(latencyMs, batch)(context),
    ]),
  ),
  "pre-jimp": openJimpPreprocessing,
  "pre-transformers": openTransformersPreprocessing,
  "pre-ours": openOursPreprocessing,
  "infer-float32": openInferFloat32,
  "infer-int8": openInferInt8,
};
