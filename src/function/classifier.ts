import { type Deadline, NO_DEADLINE } from "./deadline.ts";
import { ClassifierError, messageOf } from "./errors.ts";
import { FIRST_IMAGE } from "./first-image.ts";
import { type ImageFormat, imageFormats } from "./image-format.ts";
import { fingerprintOf } from "./model/fingerprint.ts";
import { createInputBuffers, type InputBuffers } from "./model/input-buffers.ts";
import type { Model } from "./model/load.ts";
import type { ModelParts } from "./model/parts.ts";
import type { ScoreKind } from "./model/scores.ts";
import { judgeUnknown, type Unknown } from "./model/unknown.ts";
import { type ImageHeader, type ImageInfo, inspectImage } from "./stages/decode/header.ts";
import { decodeSeconds } from "./stages/decode/limit.ts";
import { inferOutputs } from "./stages/infer.ts";
import { createDecoders, type PrepareSettings, pixelsToDecode, prepareImage } from "./stages/prepare.ts";
import { prepareApart } from "./stages/prepare-apart.ts";
import { type Prediction, rankLabels } from "./stages/rank.ts";
import { createLeases } from "./sync/leases.ts";
import { createMutex } from "./sync/mutex.ts";
import { createSemaphore } from "./sync/semaphore.ts";

export interface Classification {
  readonly image: ImageInfo;
  readonly scores: ScoreKind;
  readonly predictions: readonly Prediction[];
  /** What was wrong with the file without harming its image. */
  readonly warnings: readonly string[];
  /** Of a model that knows what is unknown to it. */
  readonly unknown?: Unknown;
  /** What the further heads of a model that has some say. */
  readonly heads?: readonly HeadPredictions[];
  readonly timingsMs: ClassificationTimings;
}

export interface HeadPredictions {
  /** The model that the head comes from. */
  readonly name: string;
  readonly predictions: readonly Prediction[];
}

/** Milliseconds of each stage from decode to rank. Waiting for room, buffers or the model is in none of them. */
export interface ClassificationTimings {
  readonly decode: number;
  readonly normalize: number;
  readonly infer: number;
  readonly rank: number;
}

export interface ClassifierSettings extends PrepareSettings {
  /** Predictions in a result. */
  readonly topK: number;
  /** Images that are decoded at the same time; inference is always one at a time. */
  readonly decodesInFlight: number;
}

/** Which classifier a result is of. */
export interface ClassifierIdentity {
  /** The model's. */
  readonly name: string;
  readonly sha256: string;
  /** Of everything that changes a result: weights, labels, preprocessing, settings. In hexadecimal. */
  readonly fingerprint: string;
  /** Of a model that was taught. */
  readonly parts?: ModelParts;
}

/**
 * File bytes → predictions, without S3. One owner of what images share: buffers, memory for decoding, the model.
 *
 * Safe under any overlap, of images and of invocations: buffers belong to one image from decode to rank and come back only
 * when all work on them has settled.
 */
export interface Classifier {
  readonly model: Model;
  readonly identity: ClassifierIdentity;
  /**
   * @param bytes not to be changed until this settles: the decoder reads them in another thread
   * @param isApart decodes in a process of its own: for what may end its process
   * @throws {ClassifierError} with a code of the decode or the infer stage, or `DEADLINE_NEAR`. It settles only when the
   *   native calls have: who cannot wait for those waits in `deadline.bound`.
   */
  classify(bytes: Uint8Array, deadline?: Deadline, isApart?: boolean): Promise<Classification>;
  /** Whether native calls that never ended hold what could be lent, buffers or memory: only a new process helps. */
  readonly isStuck: boolean;
}

/**
 * Images of up to this share of the pixel ceiling do not wait for memory: the leases bound how many there are. So a small
 * one never waits behind a large one, overdue or not.
 */
export const SMALL_IMAGE_SHARE = 1 / 25;

/**
 * Allocates what images share, and classifies a first image through all stages: the first run is slow, and only a run
 * shows that the parts of a model folder fit each other.
 *
 * @throws {ClassifierError} `MODEL_INVALID`
 */
export async function createClassifier(model: Model, settings: ClassifierSettings): Promise<Classifier> {
  const leases = createLeases(settings.decodesInFlight, () => createInputBuffers(model.input));
  const memory = createSemaphore(settings.maxImagePixels, "pixels to decode");
  const mutex = createMutex();
  const decoders = createDecoders(settings);
  /** How long a run may take: the slowest of late, forgotten by and by. */
  let expectedInferMs = 0;

  /** Runs while the caller holds a lease of `buffers`. */
  async function classifyWith(
    buffers: InputBuffers,
    header: ImageHeader,
    deadline: Deadline,
    isApart: boolean,
  ): Promise<Omit<Classification, "image" | "warnings">> {
    const startedAt = performance.now();
    const options = { ...settings, timeoutSeconds: decodeSeconds(deadline), signal: deadline.signal };
    const writePixelValues = isApart
      ? await prepareApart(model, header.file, buffers, settings, deadline)
      : await prepareImage(model, header, buffers, decoders, options);
    const decodedAt = performance.now();
    assertTime(deadline, expectedInferMs);
    writePixelValues();
    const normalizedAt = performance.now();
    return mutex(async () => {
      // `run` blocks the event loop, so that no timer could end it: it must not begin too late.
      assertTime(deadline, expectedInferMs);
      const admittedAt = performance.now();
      const { logits, headLogits, similarity } = await inferOutputs(model, buffers);
      const inferredAt = performance.now();
      // A run that outlived its invocation was frozen with the process: its time says nothing.
      if (!deadline.signal.aborted) {
        expectedInferMs = Math.max(inferredAt - admittedAt, 0.9 * expectedInferMs);
      }
      const predictions = rankLabels(logits, model.labels, settings.topK, model.scores);
      const heads = model.heads.map(({ name, labels }, index) => ({
        name,
        predictions: rankLabels(headLogits[index] ?? new Float32Array(), labels, settings.topK),
      }));
      const { unknown } = model;
      return {
        scores: model.scores.kind,
        predictions,
        ...(unknown && similarity !== undefined && { unknown: judgeUnknown(unknown, similarity) }),
        ...(heads.length > 0 && { heads }),
        timingsMs: {
          decode: decodedAt - startedAt,
          normalize: normalizedAt - decodedAt,
          infer: inferredAt - admittedAt,
          rank: performance.now() - inferredAt,
        },
      };
    });
  }

  async function classifyAny(
    bytes: Uint8Array,
    deadline: Deadline,
    formats: readonly ImageFormat[],
    isApart: boolean,
  ): Promise<Classification> {
    const startedAt = performance.now();
    const header = inspectImage(bytes, settings.maxImagePixels, formats);
    const inspectMs = performance.now() - startedAt;
    const { signal } = deadline;
    const withBuffers = () =>
      leases.lend((buffers) => classifyWith(buffers, header, deadline, isApart), signal);
    const pixels = pixelsToDecode(header, model, settings);
    const { timingsMs, ...judgement } =
      pixels <= settings.maxImagePixels * SMALL_IMAGE_SHARE
        ? await withBuffers()
        : await memory(pixels, withBuffers, signal);
    return {
      image: header.image,
      ...judgement,
      warnings: header.warnings,
      timingsMs: { ...timingsMs, decode: timingsMs.decode + inspectMs },
    };
  }

  const classifier: Classifier = {
    model,
    identity: identify(model, settings),
    classify: (bytes, deadline = NO_DEADLINE, isApart = false) =>
      classifyAny(bytes, deadline, settings.formats, isApart),
    get isStuck() {
      return leases.overdue >= settings.decodesInFlight || memory.isStarved;
    },
  };
  try {
    await classifyAny(FIRST_IMAGE, NO_DEADLINE, imageFormats, false);
  } catch (cause) {
    throw new ClassifierError("MODEL_INVALID", `model ${model.name}: ${messageOf(cause)}`, cause);
  }
  return classifier;
}

/** Counted up whenever this code makes other pixels or scores of the same image: then results are worth making again. */
const ARITHMETIC = 4;

function identify(model: Model, settings: ClassifierSettings): ClassifierIdentity {
  const { name, sha256, labels, preprocessing, scores, unknown, parts, heads } = model;
  const { topK, applyIccProfile, backgroundColor, maxImagePixels, formats, heicThumbnailPercent } = settings;
  const settled = {
    topK,
    applyIccProfile,
    backgroundColor: backgroundColor.toLowerCase(),
    maxImagePixels,
    formats: [...formats].sort(),
    heicThumbnailPercent,
  };
  return {
    name,
    sha256,
    ...(parts !== undefined && { parts }),
    fingerprint: fingerprintOf({
      arithmetic: ARITHMETIC,
      sha256,
      labels,
      preprocessing,
      scores,
      unknown,
      ...(heads.length > 0 && { heads }),
      ...settled,
    }),
  };
}

/** @throws {ClassifierError} `DEADLINE_NEAR` when less than `neededMs` is left */
function assertTime(deadline: Deadline, neededMs: number): void {
  if (!deadline.signal.aborted && deadline.remainingMs() >= neededMs) return;
  throw new ClassifierError("DEADLINE_NEAR", "too little time was left to run the model");
}
