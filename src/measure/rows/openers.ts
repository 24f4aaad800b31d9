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
  "floor-serial": openFloorSerial,
  floor: openFloorOverlapped,
  "pre-jimp": openJimpPreprocessing,
  "pre-transformers": openTransformersPreprocessing,
  "pre-ours": openOursPreprocessing,
  "infer-float32": openInferFloat32,
  "infer-int8": openInferInt8,
};
