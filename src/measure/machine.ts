import { type ExecFileSyncOptionsWithStringEncoding, execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism, cpus, totalmem } from "node:os";

/** What a measurement was taken on and with: printed with every table, since numbers without it mean nothing. */
export interface Machine {
  cpu: string;
  cores: number;
  memoryGb: number;
  arch: string;
  /** Dot-product instructions, which decide how fast INT8 is: AVX-512 VNNI, AVX-VNNI, asimddp, i8mm. */
  int8Instructions: string[];
  versions: Record<string, string>;
  commit?: string;
  date: string;
}

const INT8_FLAGS: Record<string, string> = {
  avx512_vnni: "AVX512-VNNI",
  avx_vnni: "AVX-VNNI",
  avx2: "AVX2",
  asimddp: "dot product",
  i8mm: "int8 matrix multiply",
  sve: "SVE",
};

/** Describes this machine, this Node and the two native libraries. */
export function describeMachine(): Machine {
  const require = createRequire(import.meta.url);
  const sharp = require("sharp") as { versions: Record<string, string | undefined> };
  const ort = require("onnxruntime-node/package.json") as { version: string };
  const processors = cpus();
  const commit = gitCommit();
  return {
    cpu: processors[0]?.model.trim() || cpuPartName(cpuInfo()) || "unknown CPU",
    cores: availableParallelism(),
    memoryGb: Math.round(totalmem() / 2 ** 30),
    arch: process.arch,
    int8Instructions: int8Instructions(cpuInfo()),
    versions: {
      node: process.versions.node,
      sharp: sharp.versions.sharp ?? "unknown",
      libvips: sharp.versions.vips ?? "unknown",
      "onnxruntime-node": ort.version,
    },
    ...(commit === undefined ? {} : { commit }),
    date: new Date().toISOString().slice(0, 10),
  };
}

/** One line: `2 × AMD EPYC (x64, AVX512-VNNI), 24 GB; node 24.21.0, …; 2026-11-25`. */
export function machineLine(machine: Machine): string {
  const int8 = machine.int8Instructions.length > 0 ? `, ${machine.int8Instructions.join(", ")}` : "";
  const versions = Object.entries(machine.versions).map(([name, version]) => `${name} ${version}`);
  const commit = machine.commit === undefined ? "" : `; commit ${machine.commit}`;
  return `${machine.cores} × ${machine.cpu} (${machine.arch}${int8}), ${machine.memoryGb} GB; ${versions.join(", ")}; ${machine.date}${commit}`;
}

/** The INT8 instructions in the `flags` (x86) or `Features` (Arm) line of /proc/cpuinfo. */
export function int8Instructions(cpuinfo: string): string[] {
  const line = /^(?:flags|Features)\s*:\s*(.*)$/m.exec(cpuinfo)?.[1] ?? "";
  const flags = new Set(line.split(/\s+/));
  return Object.entries(INT8_FLAGS).flatMap(([flag, name]) => (flags.has(flag) ? [name] : []));
}

/**
 * The name of an Arm core by its part number, which is all that Linux tells of it (MIDR_EL1 in Arm's technical
 * reference manuals): Graviton 2, 3 and 4 are Neoverse N1, V1 and V2.
 */
export function cpuPartName(cpuinfo: string): string | undefined {
  const part = /^CPU part\s*:\s*(0x[0-9a-f]+)$/m.exec(cpuinfo)?.[1];
  const names: Record<string, string> = {
    "0xd0c": "Neoverse N1 (Graviton2)",
    "0xd40": "Neoverse V1 (Graviton3)",
    "0xd4f": "Neoverse V2 (Graviton4)",
  };
  return part === undefined ? undefined : names[part];
}

function cpuInfo(): string {
  try {
    return readFileSync("/proc/cpuinfo", "utf8");
  } catch {
    return ""; // macOS has none; os.cpus() names the CPU there.
  }
}

/** The commit that runs, shortened; undefined in a folder without history. */
export function gitCommit(): string | undefined {
  try {
    const options = {
      cwd: import.meta.dirname,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    } satisfies ExecFileSyncOptionsWithStringEncoding;
    return execFileSync("git", ["rev-parse", "--short", "HEAD"], options).trim();
  } catch {
    return undefined; // a downloaded archive has no history
  }
}
