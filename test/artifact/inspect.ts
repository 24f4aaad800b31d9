import { createHash } from "node:crypto";
import { lstatSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { zipSync } from "fflate";
import { AARCH64, compareVersions, readElf } from "./elf.ts";

/**
 * The newest symbol versions that Amazon Linux 2023 offers: glibc 2.34 and GCC 11's runtime (libstdc++ 3.4.29, C++ ABI
 * 1.3.13, libgcc 7.0.0).
 */
const AMAZON_LINUX_2023: Readonly<Record<string, string>> = {
  GLIBC: "GLIBC_2.34",
  GLIBCXX: "GLIBCXX_3.4.29",
  CXXABI: "CXXABI_1.3.13",
  GCC: "GCC_7.0.0",
};

const FOREIGN_NAME = /\.(dll|dylib|exe|lib)$|(^|\/)(darwin|win32|linuxmusl|x64|ia32)(-|\/|$)/;

/** Everything below `folder`, links and folders too, as sorted paths relative to it; links are not followed. */
export function listFiles(folder: string, below = ""): string[] {
  return readdirSync(join(folder, below), { withFileTypes: true })
    .flatMap((entry) => {
      const path = join(below, entry.name);
      return entry.isDirectory() ? [path, ...listFiles(folder, path)] : [path];
    })
    .sort();
}

/** Sum of the sizes of all files below `folder`, in bytes, as Lambda counts against its 250 MB. */
export function sizeOf(folder: string): number {
  let total = 0;
  for (const path of listFiles(folder)) {
    const stats = lstatSync(join(folder, path));
    if (stats.isFile()) total += stats.size;
  }
  return total;
}

/** What in `folder` does not belong on Lambda's arm64 machines: one sentence a fault, none where all is well. */
export function findFaults(folder: string): string[] {
  return listFiles(folder).flatMap((path) => {
    const stats = lstatSync(join(folder, path));
    if (stats.isSymbolicLink()) return [`${path} is a symbolic link`];
    if (FOREIGN_NAME.test(path)) return [`${path} is named for another platform`];
    if (!stats.isFile()) return [];
    return elfFaults(path, readFileSync(join(folder, path)));
  });
}

function elfFaults(path: string, bytes: Buffer): string[] {
  if (bytes.subarray(0, 2).toString("latin1") === "MZ") return [`${path} is a Windows binary`];
  if ([0xcffaedfe, 0xcafebabe].includes(bytes.length < 4 ? 0 : bytes.readUInt32BE(0))) {
    return [`${path} is a macOS binary`];
  }
  const elf = readElf(bytes);
  if (elf === undefined) return [];
  const faults =
    elf.machine === AARCH64
      ? []
      : [`${path} is for ELF machine ${elf.machine}, expected ${AARCH64} (AArch64)`];
  for (const version of elf.neededVersions) {
    const newest = AMAZON_LINUX_2023[version.slice(0, version.indexOf("_"))];
    // Other families are the packages' own, such as ONNX Runtime's VERS_1.30.0.
    if (newest !== undefined && compareVersions(version, newest) > 0) {
      faults.push(`${path} needs ${version}, Amazon Linux 2023 ends at ${newest}`);
    }
  }
  return faults;
}

/** One hash for the paths, kinds, modes, times and bytes of all that is below `folder`. */
export function fingerprint(folder: string): string {
  const hash = createHash("sha256");
  for (const path of listFiles(folder)) {
    const { mode, mtimeMs } = lstatSync(join(folder, path));
    hash.update(`${path}\0${mode}\0${mtimeMs}\0`);
    if (lstatSync(join(folder, path)).isFile()) hash.update(readFileSync(join(folder, path)));
  }
  return hash.digest("hex");
}

/** Bytes of the function's deployment package: what lies in `folder`, zipped as SAM does. */
export function zipSize(folder: string): number {
  const files = Object.fromEntries(listFiles(folder).map((path) => [path, readFileSync(join(folder, path))]));
  return zipSync(files, { level: 6 }).length;
}
