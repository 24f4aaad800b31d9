import { PRICES } from "../measure/cost/prices.ts";
import { type Answer, classify, mapLimited, type Target, type Upload } from "./classify.ts";

const STAGES = ["fetch", "decode", "normalize", "infer", "rank"] as const;
/** Uploads under way at once. */
const CONCURRENCY = 50;

/** A run of many images, as it was seen from outside and as Lambda billed it. */
export interface Bench {
  readonly images: number;
  readonly withoutResult: number;
  readonly imagesPerSecond: number;
  readonly latencyMs: Percentiles;
  readonly stagesMs: Readonly<Record<string, Percentiles>>;
  readonly invocations: number;
  readonly billedMs: number;
  readonly memoryMb: number;
  /** USD, at the list prices of `src/measure/cost/prices.json`. */
  readonly perMillionImages: Readonly<Record<"compute" | "invocations" | "s3" | "sqs" | "total", number>>;
}

export interface Percentiles {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
}

export async function pushImages(
  target: Target,
  uploads: readonly Upload[],
  onDone: (done: number) => void,
): Promise<{ answers: Answer[]; seconds: number }> {
  let done = 0;
  const startedAt = performance.now();
  const answers = await mapLimited(
    uploads,
    CONCURRENCY,
    async (upload) => {
      const answer = await classify(target, upload);
      onDone(++done);
      return answer;
    },
    target.interruption,
  );
  return { answers, seconds: (performance.now() - startedAt) / 1000 };
}

/** @param billed what Lambda billed for each invocation, in ms */
export function summarizeBench(
  answers: readonly Answer[],
  seconds: number,
  billed: readonly number[],
  memoryMb: number,
): Bench {
  const finished = answers.filter(({ document }) => document !== undefined);
  const images = finished.length;
  const billedMs = billed.reduce((sum, ms) => sum + ms, 0);
  const perMillion = (dollars: number) => (images === 0 ? 0 : (1e6 * dollars) / images);
  const { lambda, s3, sqs } = PRICES;
  const compute = perMillion((billedMs / 1000) * (memoryMb / 1024) * lambda.arm64PerGbSecond);
  const invocations = perMillion((billed.length * lambda.perMillionRequests) / 1e6);
  const requests = 1000 * (s3.perThousandGets + s3.perThousandPuts);
  // One message sent per image; one receive and one delete per batch.
  const messages = perMillion(((images + 2 * billed.length) * sqs.perMillionRequests) / 1e6);
  const stages = STAGES.map((stage) => [
    stage,
    percentiles(finished.flatMap(({ document }) => document?.timingsMs?.[stage] ?? [])),
  ]);
  return {
    images: answers.length,
    withoutResult: answers.length - images,
    imagesPerSecond: images / seconds,
    latencyMs: percentiles(finished.map(({ latencyMs }) => latencyMs)),
    stagesMs: Object.fromEntries(stages),
    invocations: billed.length,
    billedMs,
    memoryMb,
    perMillionImages: {
      compute,
      invocations,
      s3: requests,
      sqs: messages,
      total: compute + invocations + requests + messages,
    },
  };
}

function percentiles(values: readonly number[]): Percentiles {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  return { p50: at(0.5), p90: at(0.9), p99: at(0.99) };
}
