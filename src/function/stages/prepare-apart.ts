import { type ChildProcess, fork } from "node:child_process";
import type { Deadline } from "../deadline.ts";
import { ClassifierError, type ErrorCode } from "../errors.ts";
import type { InputBuffers } from "../model/input-buffers.ts";
import type { Model } from "../model/load.ts";
import { decodeProcessUrl } from "../native.ts";
import { decodeSeconds, outOfTime } from "./decode/limit.ts";
import type { PrepareOptions, PrepareSettings } from "./prepare.ts";

/** What a process is told of the one image that it decodes. */
export interface Order {
  readonly sizeBytes: number;
  readonly model: Pick<Model, "input" | "preprocessing" | "normalization">;
  readonly options: PrepareOptions & PrepareSettings;
}

/** The bytes of the model's input, or why there are none. */
export type Reply =
  | { readonly pixelValues: Uint8Array }
  | { readonly fault: { readonly code: ErrorCode; readonly message: string } };

/** A decoder whose time is over says so itself, unless it is where it cannot. */
const GRACE_MS = 500;

/**
 * As `prepareImage`, in a process of its own: what an image does to its decoder (a crash, a call without end, all the
 * memory) ends that process, and this one lives to tell. It costs 0.12 s of CPU time more.
 *
 * @throws {ClassifierError} as `prepareImage` does; `DECODE_LIMIT`, too, when the process ended while it had the image;
 *   `INFERENCE_FAILED` when it ended before
 */
export async function prepareApart(
  { input, preprocessing, normalization }: Order["model"],
  file: Uint8Array,
  { pixelValues }: Pick<InputBuffers, "pixelValues">,
  settings: PrepareSettings,
  deadline: Deadline,
): Promise<() => void> {
  if (deadline.signal.aborted) throw outOfTime(0);
  const child = startProcess();
  let timer: NodeJS.Timeout | undefined;
  deadline.signal.addEventListener("abort", child.kill, { once: true });
  try {
    await child.nextMessage("INFERENCE_FAILED");
    const timeoutSeconds = decodeSeconds(deadline);
    const { promise: isOver, reject } = Promise.withResolvers<never>();
    timer = setTimeout(() => reject(outOfTime(timeoutSeconds)), timeoutSeconds * 1000 + GRACE_MS);
    const { maxImagePixels, applyIccProfile, backgroundColor, heicThumbnailPercent, formats, memorySizeMb } =
      settings;
    const own = { maxImagePixels, applyIccProfile, backgroundColor, heicThumbnailPercent };
    child.send(
      {
        sizeBytes: file.length,
        model: { input, preprocessing, normalization },
        options: { ...own, formats, memorySizeMb, timeoutSeconds },
      },
      file,
    );
    const reply = (await Promise.race([child.nextMessage("DECODE_LIMIT"), isOver])) as Reply;
    if ("fault" in reply) throw new ClassifierError(reply.fault.code, reply.fault.message);
    return () => new Uint8Array(pixelValues.buffer).set(reply.pixelValues);
  } catch (error) {
    if (!deadline.signal.aborted) throw error;
    throw new ClassifierError("DEADLINE_NEAR", "the invocation ended while the image was decoded", error);
  } finally {
    clearTimeout(timer);
    deadline.signal.removeEventListener("abort", child.kill);
    child.kill();
    await child.ended;
  }
}

function startProcess() {
  const child: ChildProcess = fork(decodeProcessUrl, {
    execArgv: [],
    serialization: "advanced",
    // What it prints would stand between the metrics.
    stdio: ["pipe", "ignore", "inherit", "ipc"],
  });
  /** How it ended, also when it never began. */
  const ended = new Promise<string>((resolve) => {
    child.on("exit", (code, signal) => resolve(signal ?? `exit code ${code}`));
    child.on("error", (error) => resolve(error.message));
  });
  // That a pipe broke is told by the end.
  child.stdin?.on("error", () => {});
  return {
    ended,
    kill: () => void child.kill("SIGKILL"),
    send(order: Order, file: Uint8Array): void {
      child.send(order, () => {});
      child.stdin?.end(file);
    },
    /** @throws {ClassifierError} `code` when the process ends first */
    async nextMessage(code: ErrorCode): Promise<unknown> {
      const message = new Promise((resolve) => child.once("message", resolve));
      const end = ended.then((how) => {
        throw new ClassifierError(code, `the process that decodes the image ended: ${how}`);
      });
      return Promise.race([message, end]);
    },
  };
}
