import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { build } from "esbuild";
import type { Layout } from "../deployed/environment.ts";

const PROGRAM = "session.mjs";

/** A model in a process of its own. */
export interface RunningSession {
  /** Runs the model so many times, one run after the other. */
  run(times: number): Promise<void>;
  close(): void;
}

/** Bundles what runs a session, with the function's own code that opens it. */
export async function buildSessionProgram(folder: string): Promise<void> {
  await build({
    entryPoints: [join(import.meta.dirname, "session-program.ts")],
    outfile: join(folder, PROGRAM),
    bundle: true,
    platform: "node",
    format: "esm",
    external: ["onnxruntime-node", "sharp", "koffi"],
    logLevel: "silent",
  });
}

/** Opens the layout's model under its Node. */
export async function startSession({
  command,
  task,
  nodePath,
  environment,
}: Layout): Promise<RunningSession> {
  const [program = "", ...rest] = command;
  const child = spawn(program, [...rest, `${task}/${PROGRAM}`, environment.MODEL_DIR ?? ""], {
    stdio: ["pipe", "pipe", "pipe"],
    env: { ...process.env, NODE_PATH: nodePath },
  });
  let errors = "";
  child.stderr.on("data", (chunk) => {
    errors += String(chunk);
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ready = async (): Promise<void> => {
    const { value } = await lines.next();
    if (value !== "ready") throw new Error(`The model did not run: ${String(value ?? errors).trim()}`);
  };
  child.stdin.on("error", () => {});
  try {
    await ready();
  } catch (error) {
    child.kill("SIGKILL");
    throw error;
  }
  return {
    async run(times) {
      child.stdin.write(`${times}\n`);
      await ready();
    },
    close: () => child.kill("SIGKILL"),
  };
}
