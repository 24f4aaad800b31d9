import { type ChildProcessByStdio, execFileSync, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { readMemory } from "../../local/lambda/memory.ts";

/** A Python process that prepares pictures with Pillow and NumPy. */
export interface PillowProcess {
  pid: number | undefined;
  versions: Record<string, string>;
  /** Prepares the first `count` pictures. */
  run(count: number): Promise<{ latenciesMs: number[]; cpuMs: number }>;
  /** Largest resident set so far, MB; undefined where the system does not tell. */
  peakMemoryMb(): number | undefined;
  close(): void;
}

export type PillowMethod = "bilinear" | "lanczos" | "draft" | "loops";

/** What the pictures are prepared for. */
export interface PillowInput {
  side: number;
  shorterSide: number;
  mean: number;
  std: number;
}

/** A Python with Pillow and NumPy: `PYTHON` where set, else the first of the usual ones; undefined without. */
export function findPython(env: NodeJS.ProcessEnv = process.env): string | undefined {
  const candidates = env.PYTHON === undefined ? ["python3", "/usr/bin/python3"] : [env.PYTHON];
  return candidates.find((python) => {
    try {
      execFileSync(python, ["-c", "import PIL.Image, numpy"], { stdio: "ignore", timeout: 20_000 });
      return true;
    } catch {
      return false;
    }
  });
}

/** Starts `pillow.py` and has it read the pictures; throws with Python's own words when it ends early. */
export async function startPillow(
  [program, ...args]: readonly [string, ...string[]],
  method: PillowMethod,
  { side, shorterSide, mean, std }: PillowInput,
  paths: readonly string[],
): Promise<PillowProcess> {
  // Settings that choose OpenBLAS' kernels would slow NumPy down: it is measured as it comes.
  const { OPENBLAS_CORETYPE: _1, OPENBLAS_L2_SIZE: _2, ...env } = process.env;
  const script = join(import.meta.dirname, "pillow.py");
  const child = spawn(program, [...args, script, method, ...[side, shorterSide, mean, std].map(String)], {
    stdio: ["pipe", "pipe", "inherit"],
    env,
  });
  const ask = asker(child);
  const { versions } = (await ask({ paths })) as { versions: Record<string, string> };
  return {
    pid: child.pid,
    versions,
    run: async (count) => (await ask({ run: count })) as { latenciesMs: number[]; cpuMs: number },
    peakMemoryMb: () => (child.pid === undefined ? undefined : readMemory(child.pid)?.peakMb),
    close: () => child.stdin.end(),
  };
}

function asker(child: ChildProcessByStdio<Writable, Readable, null>): (message: object) => Promise<unknown> {
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return async (message) => {
    child.stdin.write(`${JSON.stringify(message)}\n`);
    const { value, done } = await answers.next();
    if (done) throw new Error("Expected an answer of pillow.py, it ended; its message stands above.");
    return JSON.parse(value);
  };
}
