import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { startRuntimeApi } from "../../local/lambda/api.ts";
import type { EmfDocument } from "../../local/lambda/events.ts";
import { parseEmf, readLines } from "../../local/lambda/lines.ts";
import { functionArn, heapFlags, lambdaVariables } from "../../local/lambda/process.ts";
import { PROJECT_DIR, readFunctionTemplate, readTemplate } from "../../local/template.ts";

/** An emulated machine takes seconds where Lambda takes milliseconds; the function's own deadline must not end it. */
const DEADLINE_MS = 10 * 60_000;
/** It takes 10 s of CPU time there, and on a machine that does other things as much longer. */
const INIT_TIMEOUT_MS = 10 * 60_000;

/** Where things are, as the function's process sees them. */
export interface Layout {
  /** What starts Node 24; its arguments follow. */
  readonly command: readonly string[];
  /** Folder of the bundle: `/var/task`. */
  readonly task: string;
  /** Folder of the two modules of the runtime interface client: `/var/runtime`. */
  readonly runtime: string;
  readonly nodePath: string;
  readonly environment: Readonly<Record<string, string>>;
}

export interface RunningFunction {
  /** The function's answer to one event, parsed. @throws Error with the function's error, or that of its process. */
  invoke(event: unknown): Promise<unknown>;
  readonly emf: readonly EmfDocument[];
  /** All that the process wrote, EMF apart. */
  readonly log: readonly string[];
  close(): void;
}

/**
 * Starts the built function under aws-lambda-ric against a Runtime API of its own, as one execution environment, with
 * Lambda's variables and those of template.yaml. Resolves when it asks for its first event.
 */
export async function startFunction(layout: Layout): Promise<RunningFunction> {
  const template = readFunctionTemplate(await readTemplate());
  const settings = {
    functionName: "classifier",
    taskRoot: layout.task,
    handler: template.handler,
    memoryMb: template.memoryMb,
    timeoutSeconds: DEADLINE_MS / 1000,
    logFormat: template.logFormat,
    initTimeoutMs: INIT_TIMEOUT_MS,
    environment: { ...template.environment, ...layout.environment, NODE_PATH: layout.nodePath },
  };
  let deliver: Parameters<Parameters<typeof startRuntimeApi>[0]["onNext"]>[0] | undefined;
  let ready = Promise.withResolvers<void>();
  let current: { readonly id: string; readonly answer: PromiseWithResolvers<string> } | undefined;
  const emf: EmfDocument[] = [];
  const log: string[] = [];

  const failure = (message: string) => new Error(`${message}\n${log.slice(-40).join("\n")}`);
  function end(message: string): void {
    ready.reject(failure(message));
    current?.answer.reject(failure(message));
  }

  const api = await startRuntimeApi({
    onNext(next) {
      deliver = next;
      ready.resolve();
    },
    isCurrent: (id) => id === current?.id,
    onResponse: (body) => current?.answer.resolve(body),
    onError: ({ errorType, errorMessage }) =>
      current?.answer.reject(failure(`the function failed: ${errorType}: ${errorMessage}`)),
    onInitError: ({ errorType, errorMessage }) =>
      end(`the function did not start: ${errorType}: ${errorMessage}`),
  });
  const [program = "", ...rest] = layout.command;
  const child = spawn(
    program,
    [
      ...rest,
      ...heapFlags(template.memoryMb),
      "--require",
      `${layout.runtime}/rapid-client.cjs`,
      `${layout.runtime}/index.mjs`,
    ],
    {
      cwd: PROJECT_DIR,
      env: lambdaVariables(settings, api.address, "artifact"),
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  child.on("error", (error) => end(`${program} did not start: ${error.message}`));
  child.on("exit", (code, signal) => end(`the function's process ended: ${signal ?? `exit status ${code}`}`));
  for (const stream of [child.stdout, child.stderr]) {
    readLines(stream, (line) => {
      const document = parseEmf(line);
      if (document === undefined) log.push(line);
      else emf.push(document);
    });
  }
  const timer = setTimeout(
    () => end(`no request for an event after ${INIT_TIMEOUT_MS / 1000} s`),
    INIT_TIMEOUT_MS,
  );
  const close = () => {
    clearTimeout(timer);
    // The next invocation's promise is nobody's any more.
    ready.promise.catch(() => {});
    child.removeAllListeners("exit");
    child.kill("SIGKILL");
    api.close();
  };
  try {
    await ready.promise;
  } catch (error) {
    close();
    throw error;
  }
  clearTimeout(timer);

  async function invoke(event: unknown): Promise<unknown> {
    await ready.promise;
    const id = randomUUID();
    const answer = Promise.withResolvers<string>();
    current = { id, answer };
    ready = Promise.withResolvers();
    deliver?.({
      requestId: id,
      body: JSON.stringify(event),
      headers: {
        "Lambda-Runtime-Aws-Request-Id": id,
        "Lambda-Runtime-Deadline-Ms": String(Date.now() + DEADLINE_MS),
        "Lambda-Runtime-Invoked-Function-Arn": functionArn(settings.functionName),
        "Lambda-Runtime-Trace-Id": "Root=1-00000000-000000000000000000000000;Sampled=0",
      },
    });
    // A failed invocation is reported here alone; the runtime asks for the next event all the same.
    ready.promise.catch(() => {});
    return JSON.parse(await answer.promise);
  }
  return { invoke, emf, log, close };
}
