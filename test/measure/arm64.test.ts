import assert from "node:assert/strict";
import { test } from "node:test";
import { type CountReport, stagesOf, sumInterval } from "../../src/measure/arm64/count-report.ts";
import { readInterval } from "../../src/measure/arm64/counter.ts";
import { kindOf, mixOf } from "../../src/measure/arm64/instructions.ts";
import { originsOf, readMaps } from "../../src/measure/arm64/origin.ts";
import { countFlameGraph, countText } from "../../src/measure/arm64/print.ts";
import { demangle, functionsOf, rangeFinder, readPerfMap } from "../../src/measure/arm64/symbols.ts";
import { componentOfFunction } from "../../src/measure/profile/components.ts";
import { markdownTable } from "../../src/measure/tables.ts";

/** Encoded by GNU as 2.40, `-march=armv8.6-a+sve+i8mm+bf16`. */
const INSTRUCTIONS = {
  dot: {
    "sdot v0.4s, v1.16b, v2.16b": 0x4e829420,
    "udot v0.2s, v1.8b, v2.8b": 0x2e829420,
    "sdot v31.4s, v30.16b, v29.4b[3]": 0x4fbdebdf,
    "udot v31.4s, v30.16b, v29.4b[1]": 0x6fbde3df,
    "usdot v1.4s, v2.16b, v3.16b": 0x4e839c41,
    "usdot v1.4s, v2.16b, v3.4b[2]": 0x4f83f841,
    "sudot v1.4s, v2.16b, v3.4b[2]": 0x4f03f841,
  },
  matrix: {
    "smmla v1.4s, v2.16b, v3.16b": 0x4e83a441,
    "ummla v1.4s, v2.16b, v3.16b": 0x6e83a441,
    "usmmla v1.4s, v2.16b, v3.16b": 0x4e83ac41,
  },
  memory: {
    "ldr x0, [x1]": 0xf9400020,
    "ldp q0, q1, [x2], #32": 0xacc10440,
    "st1 {v0.16b}, [x1]": 0x4c007020,
    "ldr q3, [x4, #16]": 0x3dc00483,
    "stp x29, x30, [sp, #-16]!": 0xa9bf7bfd,
    "ldaxr x0, [x1]": 0xc85ffc20,
    "cas x0, x1, [x2]": 0xc8a07c41,
    "ldr x0, =…": 0x58000080,
    "ld1w {z0.s}, p0/z, [x0]": 0xa540a000,
    "st1w {z0.s}, p0, [x0]": 0xe540e000,
  },
  simd: {
    "add v0.4s, v1.4s, v2.4s": 0x4ea28420,
    "fmadd s0, s1, s2, s3": 0x1f020c20,
    "fmul v0.4s, v1.4s, v2.4s": 0x6e22dc20,
    "sqrdmulh v0.8h, v1.8h, v2.8h": 0x6e62b420,
    "umov w0, v1.b[0]": 0x0e013c20,
    "bfdot v0.4s, v1.8h, v2.8h": 0x6e42fc20,
    "fmla z0.s, p0/m, z1.s, z2.s": 0x65a20020,
  },
  other: {
    "add x0, x1, x2": 0x8b020020,
    "b .": 0x14000000,
    "bl .": 0x94000000,
    "subs w0, w1, #4": 0x71001020,
    "madd x0, x1, x2, x3": 0x9b020c20,
  },
} as const;

test("instructions are told apart by their encoding", () => {
  for (const [kind, instructions] of Object.entries(INSTRUCTIONS)) {
    for (const [text, bits] of Object.entries(instructions)) assert.equal(kindOf(bits), kind, text);
  }
});

const SDOT = 0x4e829420;
const LDR = 0xf9400020;
const ADD = 0x8b020020;

test("a block counts as often as it ran", () => {
  const mix = mixOf(Uint32Array.of(SDOT, SDOT, LDR, ADD), 10);
  assert.deepEqual(mix, { all: 40, dot: 20, matrix: 0, simd: 0, memory: 10 });
});

const MAPS = `5500000000-5500010000 r--p 00002000 fe:01 12   /opt/x/libonnxruntime.so.1
7f0000000000-7f0000001000 rw-p 00000000 00:00 0
7ffc00000000-7ffc00001000 r-xp 00000000 00:00 0   [vdso]
`;
const PERF_MAP = `2a00000000 100 JS:*classify file:///var/task/handler.mjs:9:8
2a00000200 80 JS:wasm-function[1]-1-turbofan
2a00000200 80 JS:wasm-function[2]-2-turbofan
`;

test("the mappings of files are read, with the offsets of what they map", () => {
  assert.deepEqual(readMaps(MAPS), [
    { start: 0x5500000000, end: 0x5500010000, fileOffset: 0x2000, name: "/opt/x/libonnxruntime.so.1" },
  ]);
});

test("of two ranges at one address the later one holds, and between ranges there is none", () => {
  const find = rangeFinder(readPerfMap(PERF_MAP));
  assert.equal(find(0x2a0000027f)?.name, "JS:wasm-function[2]-2-turbofan");
  assert.equal(find(0x2a00000280), undefined);
  assert.equal(find(0x2a00000100), undefined);
  assert.equal(find(1), undefined);
});

/** A plugin's answer, as counter.c writes it. */
function answerOf(
  maps: string,
  blocks: readonly (readonly [address: number, runs: number, number[]])[],
): Buffer {
  const number = (value: number): Buffer => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64LE(BigInt(value));
    return bytes;
  };
  const words = (values: readonly number[]): Buffer => {
    const bytes = Buffer.alloc(4 * values.length);
    for (const [i, value] of values.entries()) bytes.writeUInt32LE(value, 4 * i);
    return bytes;
  };
  return Buffer.concat([
    number(maps.length),
    Buffer.from(maps, "latin1"),
    ...blocks.flatMap(([address, runs, instructions]) => [
      number(address),
      number(runs),
      words([instructions.length]),
      words(instructions),
    ]),
  ]);
}

const INTERVAL = readInterval(
  answerOf(MAPS, [
    [0x5500000100, 100, [SDOT, SDOT, LDR]],
    [0x5500000100, 100, [SDOT, SDOT, LDR]],
    [0x2a00000010, 10, [ADD]],
    [0x2a00000210, 20, [LDR, ADD]],
    [0x1234, 1, [ADD]],
  ]),
);

function reportOf(units = 10): CountReport {
  const sums = sumInterval(INTERVAL, originsOf(INTERVAL.maps, PERF_MAP, "/nowhere"), units);
  return {
    schemaVersion: 1,
    cpu: "c",
    counted: "function",
    model: "m",
    units: 10,
    date: "2026-01-01",
    ...sums,
  };
}

test("an interval is summed by part, object, function and block, of one picture", () => {
  const report = reportOf();
  assert.deepEqual(report.all, { all: 65.1, dot: 40, matrix: 0, simd: 0, memory: 22 });
  assert.deepEqual(
    report.components.map(({ component, all, dot }) => [component, all, dot]),
    [
      ["ONNX Runtime", 60, 40],
      ["WebAssembly kernel", 4, 0],
      ["the bundle's JavaScript", 1, 0],
      ["other", 0.1, 0],
    ],
  );
  assert.deepEqual(
    report.objects.map(({ name }) => name),
    ["libonnxruntime.so.1", "compiled by V8", ""],
  );
  // Translated twice, it is one block all the same; its place is that in the file.
  assert.deepEqual(
    report.blocks.map(({ offset, length, all }) => [offset, length, all]),
    [[0x2100, 3, 60]],
  );
});

test("stages are told by the code that runs, and add up to all", () => {
  assert.deepEqual(
    stagesOf(reportOf()).map(([stage, instructions]) => [stage, Number(instructions.toFixed(3))]),
    [
      ["decode", 0],
      ["resample and normalize", 4],
      ["infer", 60],
      ["V8: garbage, compiling", 0],
      ["fetch, publish, all between", 1.1],
    ],
  );
});

test("beside an earlier report each row says what it was and how much it changed", () => {
  const [now, before] = [reportOf(1e-6), reportOf(2e-6)];
  const text = countText(now, before, 5, markdownTable);
  assert.match(text, /\| ONNX Runtime \| 600\.00 \| 300\.00 \| \+300\.00 \|/);
});

test("the flame graph's widths are the instructions", () => {
  const { shared, profiles } = countFlameGraph(reportOf());
  const [profile] = profiles;
  assert.equal(profile?.endValue, 65);
  const [stack = []] = profile?.samples ?? [];
  assert.deepEqual(
    stack.map((index) => shared.frames[index]?.name),
    ["ONNX Runtime", "libonnxruntime.so.1", "libonnxruntime (no symbol)"],
  );
});

test("C++ names are read without their template arguments and parameters", () => {
  assert.equal(demangle("_ZN2v88internal9Assembler11CheckBufferEv"), "v8::internal::Assembler::CheckBuffer");
  assert.equal(
    demangle("_ZN2v88internal18MarkingVisitorBaseINS0_24ConcurrentMarkingVisitorEE5VisitEi"),
    "v8::internal::MarkingVisitorBase::Visit",
  );
  assert.equal(demangle("Builtins_LoadIC"), "Builtins_LoadIC");
});

test("what V8 does beside running JavaScript is told apart from Node", () => {
  const of = (symbol: string, dso = "/x/node") => componentOfFunction(symbol, dso);
  assert.equal(of("_ZN2v88internal9Assembler11CheckBufferEv"), "V8's compilers");
  assert.equal(of("v8::internal::compiler::Scheduler::ComputeSchedule"), "V8's compilers");
  assert.equal(of("_ZN2v88internal17ConcurrentMarking8RunMajorEv"), "V8's garbage collector");
  assert.equal(of("uv__read"), "Node and V8");
  assert.equal(of("Builtins_LoadIC"), "Node and V8");
  assert.equal(of("MarkingVisitor", "/x/libvips-cpp.so.8"), "libvips and its codecs");
});

test("functions of an ELF file are found by their offset in it", {
  skip: process.platform !== "linux",
}, async () => {
  const { readFile } = await import("node:fs/promises");
  const functions = functionsOf(await readFile(process.execPath));
  assert.ok(functions.length > 10_000, `${functions.length} functions of Node`);
  const find = rangeFinder(functions);
  const main = functions.find(({ name }) => name === "main");
  assert.equal(find(main?.start ?? 0)?.name, "main");
});
