import type { Architecture, Prices } from "./prices.ts";

/** MB of memory that come with one whole vCPU: https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html */
export const MB_PER_VCPU = 1769;
/** Lambda's poller receives and deletes at most ten messages a request. */
const MESSAGES_PER_SQS_REQUEST = 10;

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
  /** What goes to CloudWatch Logs for a picture. */
  logBytesPerPicture: number;
}

/** What cannot be measured away from AWS. */
export interface Assumptions {
  /** Waiting for S3, milliseconds a request; each picture is one GET and one PUT. */
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
 * Time of an invocation of `batch` pictures: the longest of three bounds. All CPU work shared by the vCPUs; the main
 * thread's on one of them at most; and each lane's pictures one after the other, S3's answers included.
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
  const turns = Math.ceil(batch / Math.min(batch, assumptions.imagesInFlight));
  const turn = 2 * assumptions.s3RequestMs + (work.cpuPerPictureMs * ratio) / oneThread;
  const bounds: Duration[] = [
    { ms: cpu / vcpus, boundBy: "CPU" },
    { ms: main / oneThread, boundBy: "main thread" },
    { ms: (work.cpuFixedMs * ratio) / oneThread + turns * turn, boundBy: "waiting for S3" },
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

/** A million pictures through bucket, queue, function and results bucket. The upload's own PUT is not counted. */
export function dollarsPerMillion(
  prices: Prices,
  architecture: Architecture,
  memoryMb: number,
  batch: number,
  ms: number,
  extra: { initMs: number; coldStartShare: number; logBytesPerPicture: number },
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
  const s3 = 1000 * (prices.s3.perThousandGets + prices.s3.perThousandPuts);
  const logs = ((extra.logBytesPerPicture * 1e6) / 1e9) * prices.logs.perGbIngested;
  const total = compute + coldStarts + requests + sqs + s3 + logs;
  return { compute, requests, coldStarts, sqs, s3, logs, total };
}
