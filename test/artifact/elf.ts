/** An ELF file, as far as it tells where it can run. */
export interface ElfFile {
  /** `e_machine`: 183 is AArch64, 62 is x86-64. */
  readonly machine: number;
  /** Symbol versions that it needs from shared libraries: `GLIBC_2.28`, `GLIBCXX_3.4.22`, … */
  readonly neededVersions: readonly string[];
}

export const AARCH64 = 183;

const SHT_GNU_VERNEED = 0x6ffffffe;

/**
 * Reads a 64-bit little-endian ELF file's machine and needed symbol versions (System V gABI; the version sections are in
 * the Linux Standard Base, "Symbol Versioning").
 *
 * @returns undefined where the bytes are no ELF file.
 * @throws RangeError for a 32-bit or big-endian one, which no Lambda runs.
 */
export function readElf(bytes: Buffer): ElfFile | undefined {
  if (bytes.length < 64 || bytes.readUInt32BE(0) !== 0x7f454c46) return undefined;
  if (bytes[4] !== 2 || bytes[5] !== 1) throw new RangeError("expected a 64-bit little-endian ELF file");
  const sectionsAt = Number(bytes.readBigUInt64LE(40));
  const sectionSize = bytes.readUInt16LE(58);
  const sectionCount = bytes.readUInt16LE(60);
  const section = (index: number) => {
    const at = sectionsAt + index * sectionSize;
    return {
      type: bytes.readUInt32LE(at + 4),
      offset: Number(bytes.readBigUInt64LE(at + 24)),
      /** For the version section: the index of its string table. */
      link: bytes.readUInt32LE(at + 40),
      /** For the version section: how many files are needed. */
      info: bytes.readUInt32LE(at + 44),
    };
  };
  const neededVersions = new Set<string>();
  for (let index = 0; index < sectionCount; index++) {
    const { type, offset, link, info } = section(index);
    if (type !== SHT_GNU_VERNEED) continue;
    const strings = section(link).offset;
    // Elfxx_Verneed, one a library: version, count, file, auxiliary offset, next; each with Elfxx_Vernaux entries.
    for (let file = 0, at = offset; file < info; file++) {
      const count = bytes.readUInt16LE(at + 2);
      for (let entry = 0, auxAt = at + bytes.readUInt32LE(at + 8); entry < count; entry++) {
        const nameAt = strings + bytes.readUInt32LE(auxAt + 8);
        neededVersions.add(bytes.toString("latin1", nameAt, bytes.indexOf(0, nameAt)));
        auxAt += bytes.readUInt32LE(auxAt + 12);
      }
      at += bytes.readUInt32LE(at + 12);
    }
  }
  return { machine: bytes.readUInt16LE(18), neededVersions: [...neededVersions].sort() };
}

/** Orders versions of one family by their numbers: GLIBC_2.9 before GLIBC_2.28. Positive where `a` is the later. */
export function compareVersions(a: string, b: string): number {
  const numbers = (version: string) =>
    version
      .slice(version.lastIndexOf("_") + 1)
      .split(".")
      .map(Number);
  const [left, right] = [numbers(a), numbers(b)];
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
