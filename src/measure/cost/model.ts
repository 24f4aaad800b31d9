import type { ResultsAs } from "../../function/config.ts";
import type { Architecture, Prices } from "./prices.ts";

/** MB of memory that come with one whole vCPU: https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html */
export const MB_PER_VCPU = 1769;
/** Lambda's poller receives and deletes at most ten messages a request. */
const MESSAGES_PER_SQS_REQUEST = 10;

/** A count or a time of an invocation of b images: `fixed + b · perPicture`. */
export interface Line {
  fixed: number;
  perPicture: number;
}

/** Requests to S3, measured. */
export interface Requests {
  gets: Line;
  puts: Line;
  annotationPuts: Line;
}

const EACH: Line = { fixed: 0, perPicture: 1 };
const ONE: Line = { fixed: 1, perPicture: 0 };
const NONE: Line = { fixed: 0, perPicture: 0 };

/** Requests of each way, for metrics that do not count them; a test holds them to what is measured. */
export const REQUESTS: Readonly<Record<ResultsAs, Requests>> = {
  object: { gets: EACH, puts: EACH, annotationPuts: NONE },
  annotation: { gets: EACH, puts: NONE, annotationPuts: EACH },
  lines: { gets: EACH, puts: ONE, annotationPuts: NONE },
  "annotation+lines": { gets: EACH, puts: ONE, annotationPuts: EACH },
};

/** What the function needs, measured: an invocation of b pictures takes `fixed + b · perPicture`. */
export interface Work {
  /** CPU time of all threads, milliseconds. */
  cpuFixedMs: number;
  cpuPerPictureMs: number;
  /** CPU time of the main thread, which no second vCPU shortens. */
  mainFixedMs: number;
  mainPerPictureMs: number;
  /** Start of a process until the function is loaded. */
  initMs: number;
  peakMemoryMb: number;
  /** What goes to CloudWatch Logs. */
  logBytes: Line;
  requests: Requests;
  /** Of results, as they are stored. */
  resultBytesPerPicture: number;
}

/** What cannot be measured away from AWS. */
export interface Assumptions {
  /** Waiting for S3, milliseconds per request. */
  s3RequestMs: number;
  /** Pictures of a batch in flight, as IMAGES_IN_FLIGHT. */
  imagesInFlight: number;
  /** Share of invocations that start a new environment. */
  coldStartShare: number;
  /** CPU time on Lambda over CPU time here. */
  cpuRatio: Readonly<Record<Architecture, number>>;
}

/** Milliseconds of one invocation, by what bounds it. */
export interface Duration {
  ms: number;
  boundBy: "CPU" | "main thread" | "waiting for S3";
}

/**
 * Time of an invocation of `batch` images: the longest of three bounds. All CPU work shared by the vCPUs; the main
 * thread's on one of them at most; and the images in flight turn by turn, S3's answers included. While there is CPU work,
 * waiting is hidden behind it, but for the first image's GET, the last one's result, and what is written at the end.
 */
export function invocationMs(
  work: Work,
  assumptions: Assumptions,
  architecture: Architecture,
  memoryMb: number,
  batch: number,
): Duration {
  const vcpus = memoryMb / MB_PER_VCPU;
  const oneThread = Math.min(1, vcpus);
  const ratio = assumptions.cpuRatio[architecture];
  const cpu = (work.cpuFixedMs + work.cpuPerPictureMs * batch) * ratio;
  const main = (work.mainFixedMs + work.mainPerPictureMs * batch) * ratio;
  const { gets, puts, annotationPuts } = work.requests;
  const perPicture = gets.perPicture + puts.perPicture + annotationPuts.perPicture;
  const atTheEnd = puts.fixed * assumptions.s3RequestMs;
  const unhidden = perPicture * assumptions.s3RequestMs + atTheEnd;
  const turns = Math.ceil(batch / Math.min(batch, assumptions.imagesInFlight));
  const turn = perPicture * assumptions.s3RequestMs + (work.cpuPerPictureMs * ratio) / oneThread;
  const bounds: Duration[] = [
    { ms: cpu / vcpus + unhidden, boundBy: "CPU" },
    { ms: main / oneThread + unhidden, boundBy: "main thread" },
    {
      ms: (work.cpuFixedMs * ratio) / oneThread + turns * turn + atTheEnd,
      boundBy: "waiting for S3",
    },
  ];
  return bounds.reduce((longest, bound) => (bound.ms > longest.ms ? bound : longest));
}

/** Dollars a million pictures. */
export interface Dollars {
  compute: number;
  requests: number;
  coldStarts: number;
  sqs: number;
  s3: number;
  /** Of the results, for a month. */
  storage: number;
  logs: number;
  total: number;
}

/** The compute price of one invocation, which Lambda rounds up to a whole millisecond. */
export function computeDollars(
  prices: Prices,
  architecture: Architecture,
  memoryMb: number,
  ms: number,
): number {
  const { arm64PerGbSecond, x86PerGbSecond } = prices.lambda;
  const perGbSecond = architecture === "arm64" ? arm64PerGbSecond : x86PerGbSecond;
  return (memoryMb / 1024) * (Math.ceil(ms) / 1000) * perGbSecond;
}

/** What is paid for besides the time of invocations. */
export interface Extra extends Pick<Work, "logBytes" | "requests" | "resultBytesPerPicture"> {
  initMs: number;
  coldStartShare: number;
}

/** A million pictures through bucket, queue, function and results bucket. The upload's own PUT is not counted. */
export function dollarsPerMillion(
  prices: Prices,
  architecture: Architecture,
  memoryMb: number,
  batch: number,
  ms: number,
  extra: Extra,
): Dollars {
  const invocations = 1e6 / batch;
  const compute = invocations * computeDollars(prices, architecture, memoryMb, ms);
  const coldStarts =
    extra.initMs === 0
      ? 0
      : invocations * extra.coldStartShare * computeDollars(prices, architecture, memoryMb, extra.initMs);
  const requests = (invocations / 1e6) * prices.lambda.perMillionRequests;
  // Each upload is one message sent; a batch is received and deleted in as few requests as SQS allows.
  const perRequest = Math.min(batch, MESSAGES_PER_SQS_REQUEST);
  const sqs = (1 + 2 / perRequest) * prices.sqs.perMillionRequests;
  const { gets, puts, annotationPuts } = extra.requests;
  const thousands = ({ fixed, perPicture }: Line) => 1000 * (fixed / batch + perPicture);
  const s3 =
    thousands(gets) * prices.s3.perThousandGets +
    thousands(puts) * prices.s3.perThousandPuts +
    thousands(annotationPuts) * prices.annotations.perThousandPuts;
  const storage = ((extra.resultBytesPerPicture * 1e6) / 1e9) * prices.storage.perGbMonth;
  const logs =
    (((extra.logBytes.fixed / batch + extra.logBytes.perPicture) * 1e6) / 1e9) * prices.logs.perGbIngested;
  const total = compute + coldStarts + requests + sqs + s3 + storage + logs;
  return { compute, requests, coldStarts, sqs, s3, storage, logs, total };
}
