import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { componentOfLibrary, componentOfScript, scriptName } from "../../src/measure/profile/components.ts";
import { operatorShares } from "../../src/measure/profile/operators.ts";
import { describeFrame, parsePerfScript, perfHotspots } from "../../src/measure/profile/perf-script.ts";
import { bar } from "../../src/measure/profile/print.ts";
import { overheadOf } from "../../src/measure/profile/row-profile.ts";
import { speedscopeFile } from "../../src/measure/profile/speedscope.ts";
import { joinProfiles, v8Hotspots } from "../../src/measure/profile/v8-profile.ts";

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, "../..");

const PERF_TEXT = `MainThread  100
\t    7f01 JS:*normalizeImage file:///home/me/src/function/stages/normalize.ts:54:17 (/tmp/perf-100.map)
\t    7f02 Builtins_JSEntry (/usr/bin/node)

MainThread  100
\t    7f03 [unknown] (/x/node_modules/onnxruntime-node/bin/napi-v6/linux/x64/libonnxruntime.so.1)

libuv-worker  101
\t    7f04 vips_resize (/x/node_modules/@img/sharp-libvips-linux-x64/lib/libvips-cpp.so.8.18.7)

libuv-worker  101
\tffffffff8100 clear_page_erms ([kernel.kallsyms])
`;

test("perf's text gives stacks by thread, innermost function first", () => {
  const samples = parsePerfScript(PERF_TEXT);
  assert.deepEqual(
    samples.map(({ thread, tid, frames }) => [thread, tid, frames.length]),
    [
      ["MainThread", 100, 2],
      ["MainThread", 100, 1],
      ["libuv-worker", 101, 1],
      ["libuv-worker", 101, 1],
    ],
  );
  assert.deepEqual(
    perfHotspots(samples).map(({ name, component, share }) => [name, component, share]),
    [
      ["normalizeImage src/function/stages/normalize.ts:54", "the function's JavaScript", 0.25],
      ["libonnxruntime (no symbol)", "ONNX Runtime", 0.25],
      ["vips_resize", "libvips and its codecs", 0.25],
      ["clear_page_erms", "kernel", 0.25],
    ],
  );
});

test("a speedscope file has each thread's stacks from the outermost function in", () => {
  const { shared, profiles } = speedscopeFile("x", parsePerfScript(PERF_TEXT), 10);
  assert.deepEqual(
    profiles.map(({ name, endValue }) => [name, endValue]),
    [
      ["MainThread", 20],
      ["libuv-worker", 20],
    ],
  );
  const [outermost, innermost] = profiles[0]?.samples[0] ?? [];
  assert.equal(shared.frames[outermost ?? -1]?.name, "Builtins_JSEntry");
  assert.match(shared.frames[innermost ?? -1]?.name ?? "", /^normalizeImage /);
});

test("interpreted and built-in code is V8's, scripts belong to their folder", () => {
  const map = "/tmp/perf-1.map";
  assert.equal(describeFrame({ symbol: "JS:~emit node:events:466:44", dso: map }).component, "Node and V8");
  assert.equal(componentOfScript("file:///x/node_modules/sharp/lib/output.js"), "packages' JavaScript");
  assert.equal(componentOfScript("file:///x/src/measure/rows/published.ts"), "the row's JavaScript");
  assert.equal(componentOfLibrary("/usr/lib/x86_64-linux-gnu/libc.so.6"), "C library");
  assert.equal(componentOfLibrary("/opt/node/bin/node"), "Node and V8");
  assert.equal(scriptName("", "file:///x/src/a.ts", 3), "(anonymous) src/a.ts:3");
});

test("V8 profiles of several slices join into one tree, and waiting is no CPU time", () => {
  const frame = (functionName: string, url = "") => ({
    functionName,
    url,
    scriptId: "0",
    lineNumber: 9,
    columnNumber: 0,
  });
  const slice = {
    nodes: [
      { id: 1, callFrame: frame("(root)"), children: [2, 3] },
      { id: 2, callFrame: frame("(idle)") },
      { id: 3, callFrame: frame("nestedLoops", "file:///x/src/measure/rows/published.ts") },
    ],
    startTime: 0,
    endTime: 30,
    samples: [2, 3, 3],
    timeDeltas: [10, 10, 10],
  };
  const joined = joinProfiles([slice, slice]);
  assert.equal(joined.nodes.length, 7);
  assert.equal(new Set(joined.nodes.map(({ id }) => id)).size, 7);
  assert.equal(joined.endTime, 60);
  const { hotspots, samples } = v8Hotspots(joined, 60, { "libuv-worker": 40 });
  assert.equal(samples, 4);
  assert.deepEqual(
    hotspots.map(({ name, share }) => [name, share]),
    [
      ["nestedLoops src/measure/rows/published.ts:10", 0.6],
      ["thread libuv-worker", 0.4],
    ],
  );
});

test("operators are summed over their kernels, a run", () => {
  const kernel = (name: string, op_name: string, dur: number) => ({
    cat: "Node",
    name: `${name}_kernel_time`,
    dur,
    args: { op_name },
  });
  const events = [
    kernel("a", "QLinearConv", 300),
    kernel("b", "QLinearConv", 500),
    kernel("c", "Gemm", 200),
    { cat: "Session", name: "model_run", dur: 5000 },
  ];
  assert.deepEqual(operatorShares(events, 2), [
    { operator: "QLinearConv", nodes: 2, share: 0.8, msPerRun: 0.4 },
    { operator: "Gemm", nodes: 1, share: 0.2, msPerRun: 0.1 },
  ]);
});

test("overhead is compared slice by slice", () => {
  const slice = (wallMs: number, cpuMs: number) => ({ pictures: 10, wallMs, cpuMs, stagesMs: {} });
  const overhead = overheadOf([slice(101, 51), slice(102, 52)], [slice(100, 50), slice(100, 50)]);
  assert.ok(Math.abs(overhead.wall.median - 0.015) < 1e-9);
  assert.ok(Math.abs(overhead.cpu.median - 0.03) < 1e-9);
});

test("a bar is drawn to an eighth of a character", () => {
  assert.equal(bar(1).trimEnd().length, 24);
  assert.equal(bar(0.5), `${"█".repeat(12)}${" ".repeat(12)}`);
  assert.equal(bar(1 / 192).trimEnd(), "▏");
});

test("an unknown row is refused with the rows that there are", async () => {
  await assert.rejects(
    run(process.execPath, ["src/measure/profile.ts", "--row", "nothing"], { cwd: ROOT }),
    (error: { code: number; stderr: string }) =>
      error.code === 2 && /baseline, vectorised/.test(error.stderr),
  );
});
