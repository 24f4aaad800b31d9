import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Arm64Machine, onPath } from "./machine.ts";

const run = promisify(execFile);
const SOURCE = join(import.meta.dirname, "counter.c");
const INSTALL = "sudo apt-get install qemu-user gcc libc6-dev";

/** A stretch of instructions without a branch in between, as QEMU translated it. */
export interface Block {
  /** In the emulated process's memory. */
  readonly address: number;
  /** How often it ran. */
  readonly runs: number;
  readonly instructions: Uint32Array;
}

/** What ran between {@link Counter.begin} and {@link Counter.end}, on all threads. */
export interface Interval {
  /** `/proc/self/maps` of the process at the end. */
  readonly maps: string;
  readonly blocks: readonly Block[];
}

/** Counts the instructions of one emulated process. */
export interface Counter {
  /** Starts that process's Node; its arguments follow. */
  readonly command: readonly string[];
  /** What runs from here on counts. The process must have been started. */
  begin(): Promise<void>;
  end(): Promise<Interval>;
  close(): Promise<void>;
}

/**
 * A counter for a process that is started by its `command`.
 *
 * @param cpu      as QEMU names it: `neoverse-n1` (Graviton2), `max` (has i8mm, as Graviton3 and later)
 * @param cacheDir where the built plugin is kept
 * @throws {Error} that says what to install where QEMU or a compiler is missing
 */
export async function openCounter(machine: Arm64Machine, cpu: string, cacheDir: string): Promise<Counter> {
  const qemu = onPath("qemu-aarch64");
  const compiler = onPath("gcc") ?? onPath("cc");
  if (qemu === undefined || compiler === undefined) {
    const missing = qemu === undefined ? "QEMU's qemu-aarch64" : "a C compiler";
    throw new Error(`Counting instructions needs ${missing}, which is not here: ${INSTALL}`);
  }
  const plugin = await buildPlugin(compiler, cacheDir);
  const dir = await mkdtemp(join(tmpdir(), "counter-"));
  const path = join(dir, "socket");
  const connected = Promise.withResolvers<Socket>();
  const server = createServer((socket) => connected.resolve(socket)).listen(path);
  const root = machine.emulated ? ["-L", machine.root] : [];
  return {
    command: [qemu, ...root, "-cpu", cpu, "-plugin", `${plugin},socket=${path}`, machine.node],
    async begin() {
      const socket = await connected.promise;
      socket.write("b");
      await readBytes(socket, 1);
    },
    async end() {
      const socket = await connected.promise;
      socket.write("e");
      const length = Number((await readBytes(socket, 8)).readBigUInt64LE());
      return readInterval(await readBytes(socket, length));
    },
    async close() {
      server.close();
      connected.promise.then((socket) => socket.destroy());
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** Built once for each state of its source. */
async function buildPlugin(compiler: string, cacheDir: string): Promise<string> {
  const hash = createHash("sha256").update(readFileSync(SOURCE)).digest("hex").slice(0, 12);
  const file = join(cacheDir, `counter-${hash}.so`);
  if (existsSync(file)) return file;
  await mkdir(cacheDir, { recursive: true });
  const part = `${file}.${process.pid}`;
  const flags = ["-O2", "-Wall", "-Wextra", "-shared", "-fPIC", "-fvisibility=hidden", "-pthread"];
  try {
    await run(compiler, [...flags, "-o", part, SOURCE]);
  } catch (error) {
    const { stderr } = error as { stderr?: string };
    throw new Error(`The counter could not be built (${INSTALL}):\n${stderr?.trim()}`, { cause: error });
  }
  await rename(part, file);
  return file;
}

/** The plugin's answer to `e`. */
export function readInterval(bytes: Buffer): Interval {
  const mapsEnd = 8 + Number(bytes.readBigUInt64LE());
  const blocks: Block[] = [];
  for (let at = mapsEnd; at < bytes.length; ) {
    const [headEnd, length] = [at + 20, bytes.readUInt32LE(at + 16)];
    blocks.push({
      address: Number(bytes.readBigUInt64LE(at)),
      runs: Number(bytes.readBigUInt64LE(at + 8)),
      instructions: Uint32Array.from({ length }, (_, i) => bytes.readUInt32LE(headEnd + 4 * i)),
    });
    at = headEnd + 4 * length;
  }
  return { maps: bytes.toString("latin1", 8, mapsEnd), blocks };
}

/** Waits for so many bytes of a socket that is not read otherwise. */
async function readBytes(socket: Socket, length: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let missing = length;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const take = (chunk: Buffer): void => {
    chunks.push(chunk);
    missing -= chunk.length;
    if (missing <= 0) resolve();
  };
  const end = () => reject(new Error("The emulated process ended while its instructions were counted."));
  socket.on("data", take).once("close", end).resume();
  try {
    await promise;
  } finally {
    socket.off("data", take).off("close", end).pause();
  }
  const bytes = Buffer.concat(chunks);
  if (missing < 0) socket.unshift(bytes.subarray(length));
  return bytes.subarray(0, length);
}
