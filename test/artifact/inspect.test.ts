import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { compareVersions, readElf } from "./elf.ts";
import { findFaults, fingerprint, sizeOf } from "./inspect.ts";

let folder = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "artifact-inspect-"));
});

afterEach(() => rmSync(folder, { recursive: true }));

/** The smallest ELF file that needs one symbol version of one library. */
function elf(machine: number, version: string): Buffer {
  const bytes = Buffer.alloc(64 + 3 * 64 + 64);
  bytes.writeUInt32BE(0x7f454c46, 0);
  bytes[4] = 2;
  bytes[5] = 1;
  bytes.writeUInt16LE(machine, 18);
  bytes.writeBigUInt64LE(64n, 40);
  bytes.writeUInt16LE(64, 58);
  bytes.writeUInt16LE(3, 60);
  const [versions, strings] = [64 + 64, 64 + 2 * 64];
  const [needAt, stringsAt] = [64 + 3 * 64, 64 + 3 * 64 + 32];
  bytes.writeUInt32LE(0x6ffffffe, versions + 4);
  bytes.writeBigUInt64LE(BigInt(needAt), versions + 24);
  bytes.writeUInt32LE(2, versions + 40);
  bytes.writeUInt32LE(1, versions + 44);
  bytes.writeUInt32LE(3, strings + 4);
  bytes.writeBigUInt64LE(BigInt(stringsAt), strings + 24);
  bytes.writeUInt16LE(1, needAt + 2);
  bytes.writeUInt32LE(16, needAt + 8);
  bytes.writeUInt32LE(1, needAt + 16 + 8);
  bytes.write(version, stringsAt + 1, "latin1");
  return bytes;
}

test("an arm64 library that Amazon Linux 2023 can load is no fault", () => {
  writeFileSync(join(folder, "libgood.so.1"), elf(183, "GLIBC_2.28"));
  writeFileSync(join(folder, "index.js"), "");
  assert.deepEqual(findFaults(folder), []);
});

test("an x86-64 binary is found, whatever it is called", () => {
  writeFileSync(join(folder, "binding.node"), elf(62, "GLIBC_2.17"));
  assert.deepEqual(findFaults(folder), ["binding.node is for ELF machine 62, expected 183 (AArch64)"]);
});

test("a library that needs a newer C library than Amazon Linux 2023's is found", () => {
  writeFileSync(join(folder, "a.so"), elf(183, "GLIBC_2.38"));
  writeFileSync(join(folder, "b.so"), elf(183, "GLIBCXX_3.4.30"));
  assert.deepEqual(findFaults(folder), [
    "a.so needs GLIBC_2.38, Amazon Linux 2023 ends at GLIBC_2.34",
    "b.so needs GLIBCXX_3.4.30, Amazon Linux 2023 ends at GLIBCXX_3.4.29",
  ]);
});

test("a symbolic link is found, to a folder and to nothing too", () => {
  mkdirSync(join(folder, "real"));
  symlinkSync("real", join(folder, "link"));
  symlinkSync("nowhere", join(folder, "real/dangling"));
  assert.deepEqual(findFaults(folder), ["link is a symbolic link", "real/dangling is a symbolic link"]);
});

test("files of Windows and macOS are found by name and by content", () => {
  writeFileSync(join(folder, "a.dll"), "");
  writeFileSync(join(folder, "b.node"), "MZ…");
  writeFileSync(join(folder, "c.node"), Buffer.from("cffaedfe", "hex"));
  mkdirSync(join(folder, "sharp-darwin-arm64"));
  assert.deepEqual(findFaults(folder), [
    "a.dll is named for another platform",
    "b.node is a Windows binary",
    "c.node is a macOS binary",
  ]);
  mkdirSync(join(folder, "darwin"));
  assert.equal(findFaults(folder).length, 4);
});

test("two folders are the same only with the same names, bytes and times", () => {
  const file = join(folder, "a");
  writeFileSync(file, "1");
  const before = fingerprint(folder);
  assert.equal(fingerprint(folder), before);
  writeFileSync(file, "2");
  assert.notEqual(fingerprint(folder), before);
});

test("a folder's size is that of its files", () => {
  mkdirSync(join(folder, "a"));
  writeFileSync(join(folder, "a/b"), Buffer.alloc(1000));
  writeFileSync(join(folder, "c"), Buffer.alloc(24));
  assert.equal(sizeOf(folder), 1024);
});

test("symbol versions are compared by number", () => {
  assert.ok(compareVersions("GLIBC_2.9", "GLIBC_2.28") < 0);
  assert.ok(compareVersions("GLIBCXX_3.4.29", "GLIBCXX_3.4.3") > 0);
  assert.equal(compareVersions("CXXABI_1.3", "CXXABI_1.3.0"), 0);
});

test("text is no ELF file, and a 32-bit one is refused", () => {
  assert.equal(readElf(Buffer.from("#!/bin/sh")), undefined);
  const narrow = elf(40, "GLIBC_2.4");
  narrow[4] = 1;
  assert.throws(() => readElf(narrow), /expected a 64-bit little-endian ELF file/);
});
