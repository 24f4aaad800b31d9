import { spawn } from "node:child_process";
import { createServer } from "node:net";
import { join, relative } from "node:path";
import { UsageError } from "../../command-line.ts";
import { FailureLines } from "../page/failure-lines.ts";
import type { LocalStack } from "../stack.ts";
import { startStack } from "../stack.ts";
import { RESULTS_BUCKET, UPLOADS_BUCKET } from "../stack-events.ts";
import { PROJECT_DIR } from "../template.ts";
import { PATIENCE, type StartOptions } from "./options.ts";
import { createRenderer, type Renderer } from "./render.ts";
import type { PictureOutcome, ResultDocument } from "./result.ts";
import { listSamples, uploadSample } from "./samples.ts";
import { PIPE_CLOSED, untilEnded } from "./signals.ts";
import { startFunction } from "./start-function.ts";

const DEFAULT_DATA_DIR = join(PROJECT_DIR, ".data");
const DEFAULT_PORT = 4400;

/** On AWS a failed message comes back after three minutes; here somebody is looking. */
const QUEUE = { batchingWindowMs: 50, retryDelayMs: 2_000 };

/** `npm start` without files: runs everything until it is told to end, and prints a line for each picture. */
export async function serve(options: StartOptions): Promise<number> {
  const render = createRenderer(process.stdout);
  const say = (text: string): void => {
    if (!options.json) console.log(text);
  };
  const ended = untilEnded();
  const { pagePort, s3Port, notes } = await choosePorts(options.port);
  for (const note of notes) console.error(createRenderer(process.stderr).problem(note));
  const dataDir = options.data ?? DEFAULT_DATA_DIR;
  const stack = await startStack({ ...PATIENCE, ...options.stack, dataDir, port: s3Port, queue: QUEUE });
  for (const origin of options.allowOrigin) stack.allowOrigin(origin);
  try {
    const { startPage } = await import("../page/server.ts");
    const page = await startPage({ stack, port: pagePort });
    try {
      printOutcomes(stack, render, options.json);
      say(`${render.bold("graviton-image-classifier")}  ${render.dim(describe(stack, options))}\n`);
      const started = await Promise.race([startFunction(stack), ended]);
      if (typeof started === "number") return started;
      const resumed = await stack.resume();
      if (resumed > 0)
        say(render.dim(`${resumed} uploads of an earlier run had no result yet: queued again.`));
      if (options.samples) await uploadSamples(stack, say);
      printAddresses(
        { page: page.url, s3: stack.s3Url, data: relative(process.cwd(), dataDir) || "." },
        options.json,
        render,
      );
      if (options.open) openInBrowser(page.url);
      if ((await ended) === PIPE_CLOSED) return PIPE_CLOSED;
      say(render.dim("\nEnding. What is in the buckets stays."));
      return 0;
    } finally {
      await page.close();
    }
  } finally {
    await stack.close();
  }
}

async function uploadSamples(stack: LocalStack, say: (text: string) => void): Promise<void> {
  const samples = listSamples();
  const uploads = await Promise.all(
    samples.map((name) => uploadSample(stack.client, name, `samples/${name}`)),
  );
  const before = uploads.filter((isNew) => !isNew).length;
  if (before > 0) say(`${before} sample pictures are there from an earlier run.`);
}

/** A line for every result, whoever uploaded the picture, and for every upload that is given up. */
function printOutcomes(stack: LocalStack, render: Renderer, json: boolean): void {
  const print = (outcome: PictureOutcome): void => {
    console.log(json ? JSON.stringify({ event: "picture", ...outcome }) : render.outcome(outcome));
  };
  stack.events.on("result", ({ key: resultKey }) => {
    const key = resultKey.replace(/\.json$/, "");
    stack.readResult(key).then(
      (document) => print({ name: key, key, document: document as ResultDocument }),
      // S3 can be broken on purpose; the result is there all the same.
      (error: Error) => print({ name: key, key, failure: `its result cannot be read: ${error.message}` }),
    );
  });
  const failures = new FailureLines(stack);
  stack.events.on("dead", ({ key = "(no S3 notification)", reason }) => {
    const { code, message = reason } = failures.get(key) ?? {};
    const failure = `given up: ${code === undefined ? "" : `${code}: `}${message}`;
    print({ name: key, key, failure, ...(code !== undefined && { code }) });
  });
}

interface Addresses {
  readonly page: string;
  readonly s3: string;
  readonly data: string;
}

function printAddresses({ page, s3, data }: Addresses, json: boolean, render: Renderer): void {
  if (json) {
    console.log(JSON.stringify({ event: "ready", page, s3 }));
    return;
  }
  const copy = `aws --endpoint-url ${s3} --no-sign-request s3 cp picture.jpg s3://${UPLOADS_BUCKET}/`;
  console.log(
    [
      "",
      `Page         ${render.bold(page)}`,
      `S3 endpoint  ${s3}   buckets ${UPLOADS_BUCKET} and ${RESULTS_BUCKET}, kept in ${data}`,
      `Upload       ${copy}`,
      render.dim("Ctrl-C ends everything and keeps the data."),
      "",
    ].join("\n"),
  );
}

function describe(stack: LocalStack, { modelName }: StartOptions): string {
  const environments = stack.concurrency === 1 ? "1 environment" : `up to ${stack.concurrency} environments`;
  return `model ${modelName} · ${environments}`;
}

/**
 * The page's port and the next one for S3: as asked for, or where none was, those by default when they are free,
 * with a note for each that is not.
 *
 * @throws {UsageError} when a port that was asked for is taken
 */
async function choosePorts(
  port: number | undefined,
): Promise<{ pagePort: number; s3Port: number; notes: readonly string[] }> {
  const notes: string[] = [];
  const preferred = async (wanted: number, what: string): Promise<number> => {
    if (await isFree(wanted)) return wanted;
    notes.push(`Port ${wanted} is in use by another program: ${what} gets a free one. --port N chooses.`);
    return 0;
  };
  if (port === undefined) {
    const pagePort = await preferred(DEFAULT_PORT, "the page");
    return { pagePort, s3Port: await preferred(DEFAULT_PORT + 1, "the S3 endpoint"), notes };
  }
  if (port === 0) return { pagePort: 0, s3Port: 0, notes };
  for (const [wanted, what] of [[port, "the page"] as const, [port + 1, "the S3 endpoint"] as const]) {
    if (await isFree(wanted)) continue;
    throw new UsageError(
      `--port ${port} takes ${port} for the page and ${port + 1} for the S3 endpoint; ${wanted}, of ${what}, is in use. ` +
        "Give another one, or 0 for any that are free.",
    );
  }
  return { pagePort: port, s3Port: port + 1, notes };
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}

function openInBrowser(url: string): void {
  const browser = spawn("xdg-open", [url], { stdio: "ignore", detached: true });
  browser.on("error", () => console.error(`xdg-open is not installed; open ${url} yourself.`));
  browser.unref();
}
