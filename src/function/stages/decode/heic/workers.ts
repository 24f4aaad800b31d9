import { Worker } from "node:worker_threads";
import { ClassifierError } from "../../../errors.ts";
import { heicWorkerUrl } from "../../../native.ts";
import { outOfTime } from "../limit.ts";
import { isSpent, type Reply, type Task } from "./tiles.ts";

export interface Limit {
  /** From the moment on at which a thread begins. */
  readonly timeoutSeconds: number;
  readonly signal: AbortSignal | undefined;
}

/** Threads in which HEIC is decoded. None before the first one that needs them. */
export interface HeicWorkers {
  /**
   * Settles when no thread works on any of the tasks any more. When the time is over, threads are ended, wherever they are.
   *
   * @throws {ClassifierError} `INVALID_IMAGE`, `UNSUPPORTED_FORMAT`, `DECODE_LIMIT`, `DEADLINE_NEAR`
   */
  run(tasks: readonly Task[], limit: Limit): Promise<void>;
  /** Ends all threads that are idle. */
  close(): Promise<void>;
}

/** Less than this waits for the first worker: to start another takes as long. */
const PIXELS_FOR_ANOTHER = 2_000_000;
/** JavaScript's share of a worker, in MiB. Its buffers, and WebAssembly's memory, lie outside. */
const HEAP_MB = 64;
/** What it works on lies outside of its heap: larger young generations only hold garbage, up to 16 MB of it. */
const YOUNG_MB = 1;

/** One call of `run`. */
interface Run {
  left: number;
  readonly limit: Limit;
  timer: NodeJS.Timeout | undefined;
  readonly fail: (error: Error) => void;
  readonly succeed: () => void;
}

interface Thread {
  readonly worker: Worker;
  job: { readonly task: Task; readonly run: Run } | undefined;
}

/**
 * @param maxThreads how many there may be
 * @param module     gives `libheif.wasm`, compiled
 */
export function createHeicWorkers(maxThreads: number, module: () => Promise<object>): HeicWorkers {
  const threads = new Set<Thread>();
  let starting = 0;
  let queue: { task: Task; run: Run }[] = [];

  async function start(): Promise<void> {
    starting++;
    try {
      const worker = new Worker(heicWorkerUrl, {
        workerData: await module(),
        resourceLimits: { maxOldGenerationSizeMb: HEAP_MB, maxYoungGenerationSizeMb: YOUNG_MB },
      });
      const thread: Thread = { worker, job: undefined };
      threads.add(thread);
      worker.on("message", (reply: Reply) => finish(thread, reply));
      worker.on("error", (cause) => lose(thread, cause));
      worker.on("exit", () => lose(thread, undefined));
    } catch (cause) {
      for (const { run } of [...queue]) run.fail(lost(cause));
    } finally {
      starting--;
    }
    pump();
  }

  function pump(): void {
    for (const thread of threads) {
      const job = thread.job === undefined ? queue.shift() : undefined;
      if (job !== undefined) begin(thread, job);
    }
    for (const { worker, job } of threads) {
      if (job === undefined) worker.unref();
    }
    const count = threads.size + starting;
    if (queue.length === 0 || count >= maxThreads) return;
    if (count === 0 || queue.reduce((sum, { task }) => sum + pixelsOf(task), 0) >= PIXELS_FOR_ANOTHER)
      void start();
  }

  function begin(thread: Thread, job: { task: Task; run: Run }): void {
    const { task, run } = job;
    const { timeoutSeconds } = run.limit;
    run.timer ??= setTimeout(() => run.fail(outOfTime(timeoutSeconds)), timeoutSeconds * 1000);
    thread.job = job;
    thread.worker.ref();
    const tiles = task.tiles.map(({ coded, ...place }) => ({
      // Copies, because with a part of a buffer all of it would be sent.
      coded: {
        ...coded,
        configuration: new Uint8Array(coded.configuration),
        data: new Uint8Array(coded.data),
      },
      ...place,
    }));
    thread.worker.postMessage(
      { ...task, tiles },
      tiles.map(({ coded }) => coded.data.buffer),
    );
  }

  function finish(thread: Thread, reply: Reply): void {
    const { job } = thread;
    const { fault } = reply;
    thread.job = undefined;
    if (isSpent(reply)) end(thread);
    if (job !== undefined) {
      const { run } = job;
      run.left--;
      if (fault !== undefined) run.fail(invalid(fault));
      else if (run.left === 0) run.succeed();
    }
    pump();
  }

  function end(thread: Thread): Promise<unknown> {
    threads.delete(thread);
    return thread.worker.terminate();
  }

  /** A thread ended by itself. */
  function lose(thread: Thread, cause: unknown): void {
    if (!threads.delete(thread)) return;
    thread.job?.run.fail(lost(cause));
    pump();
  }

  return {
    run(tasks, limit) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const giveUp = () =>
        run.fail(new ClassifierError("DEADLINE_NEAR", "the invocation ended while the image was decoded"));
      const settle = () => {
        clearTimeout(run.timer);
        limit.signal?.removeEventListener("abort", giveUp);
      };
      const run: Run = {
        left: tasks.length,
        limit,
        timer: undefined,
        succeed: () => {
          settle();
          resolve();
        },
        fail: (error) => {
          settle();
          queue = queue.filter((job) => job.run !== run);
          const working = [...threads].filter(({ job }) => job?.run === run);
          void Promise.all(working.map(end)).then(() => {
            reject(error);
            pump();
          });
        },
      };
      if (limit.signal?.aborted) giveUp();
      else {
        limit.signal?.addEventListener("abort", giveUp, { once: true });
        queue.push(...tasks.map((task) => ({ task, run })));
        pump();
      }
      return promise;
    },
    async close() {
      await Promise.all([...threads].filter(({ job }) => job === undefined).map(end));
    },
  };
}

function pixelsOf({ tiles }: Task): number {
  return tiles.reduce((sum, { coded }) => sum + coded.width * coded.height, 0);
}

export function invalid({ code, message }: NonNullable<Reply["fault"]>): ClassifierError {
  return new ClassifierError(code, `the image cannot be decoded: ${message}`);
}

function lost(cause: unknown): ClassifierError {
  const why = cause instanceof Error ? `: ${cause.message}` : "";
  return new ClassifierError("DECODE_LIMIT", `the thread that decoded the image ended${why}`, cause);
}
