import assert from "node:assert/strict";
import { test } from "node:test";
import { benchChart } from "../../src/measure/charts.ts";
import { judge } from "../../src/measure/criteria.ts";
import type { Machine } from "../../src/measure/machine.ts";
import { cpuPartName, int8Instructions, machineLine } from "../../src/measure/machine.ts";
import { type BenchReport, reportRows, type WorkloadReport } from "../../src/measure/report.ts";
import { ROWS } from "../../src/measure/rows/catalog.ts";
import type { RowRounds } from "../../src/measure/runner.ts";
import { aboutBench, benchSections, markdownReport, terminalReport } from "../../src/measure/tables.ts";

const MACHINE: Machine = {
  cpu: "Neoverse N1 (Graviton2)",
  cores: 2,
  memoryGb: 2,
  arch: "arm64",
  int8Instructions: ["dot product"],
  versions: { node: "24.21.0" },
  date: "2026-11-25",
};

/** A row with rounds of these many milliseconds, of two pictures each. */
function rowOf(id: string, wallsMs: readonly number[], tops: readonly number[] = []): RowRounds {
  const entry = ROWS.find((row) => row.id === id);
  assert.ok(entry, `${id} is in the catalogue`);
  const rounds = wallsMs.map((wallMs) => ({
    wallMs,
    cpuMs: wallMs,
    latenciesMs: [wallMs / 2, wallMs / 2],
    stagesMs: { decode: wallMs * 0.75, infer: wallMs * 0.25 },
    tops: [...tops],
  }));
  return { entry, versions: {}, rounds, peakMemoryMb: 100 };
}

function workloadOf(results: readonly RowRounds[]): WorkloadReport {
  return {
    name: "small",
    pictures: 2,
    medianBytes: 100_000,
    rounds: 2,
    rows: reportRows(results, 2),
    skipped: [{ id: "pre-loops", reason: "no python3" }],
    ownJavaScript: { median: 0.021, q1: 0.02, q3: 0.022 },
  };
}

const workload = workloadOf([
  rowOf("baseline", [60, 66], [1, 0]),
  rowOf("ours-serial", [22, 22], [1, 1]),
  rowOf("ours", [20, 22], [1, 1]),
  rowOf("floor", [16, 16]),
]);
const report: BenchReport = {
  schemaVersion: 1,
  command: "npm run bench -- --count 2",
  machine: MACHINE,
  model: "upload-triage",
  imagesInFlight: 3,
  workloads: [workload],
};

test("a row is told against the first of its group, round by round, with stages and agreement", () => {
  const [baseline, , ours] = workload.rows;
  assert.deepEqual(ours?.speedup, { median: 3, q1: 3, q3: 3 });
  assert.deepEqual(ours?.stageShares, { decode: 0.75, infer: 0.25 });
  assert.equal(baseline?.agreement, 0.5);
  assert.equal(ours?.agreement, 1);
  assert.equal(ours?.totalMs.median, 21);
});

test("a criterion is judged by the median, and left out when one of its rows did not run", () => {
  const judged = judge([workload]).map(({ name, reached }) => [name, reached]);
  assert.deepEqual(judged, [
    ["as deployed / published baseline", true],
    ["as deployed / floor of sharp", false],
    ["our own JavaScript's share of CPU", true],
  ]);
});

test("waiting is judged by the time over the CPU time of a row", () => {
  const far = rowOf("deployed-30ms-50", [200, 200]);
  const rounds = far.rounds.map((round) => ({ ...round, cpuMs: 160 }));
  const [criterion] = judge([workloadOf([{ ...far, rounds }])]);
  assert.deepEqual(
    [criterion?.name, criterion?.target, criterion?.measured.median, criterion?.reached],
    ["time / CPU, S3 at 30 ms, batches of 50", "≤ 1.15×", 1.25, false],
  );
});

test("the page names machine, date, command, criteria first, every row and what was left out", () => {
  const sections = benchSections(report, judge(report.workloads));
  const page = markdownReport("Bench", aboutBench(report), sections, "bench.svg");
  for (const part of ["Graviton2", "2026-11-25", "npm run bench -- --count 2", "(bench.svg)", "no python3"]) {
    assert.ok(page.includes(part), part);
  }
  assert.match(
    page,
    /## Criteria[^#]+as deployed \/ floor of sharp \| small \| ≥ 0\.95× \| 0\.76 \([^|]+\| not reached/,
  );
  assert.match(page, /\| ours, as deployed \| 3\.00 \(3\.00–3\.00\) \|/);
  assert.ok(terminalReport(aboutBench(report), sections).includes("ours, as deployed"));
});

test("the chart is an SVG with a bar for every end-to-end row", () => {
  const svg = benchChart(report);
  assert.match(svg, /^<svg xmlns/);
  assert.equal(svg.match(/<rect /g)?.length, 4);
  assert.ok(svg.includes("published baseline's method"));
});

test("a machine is told by its CPU, with the instructions that decide over INT8", () => {
  assert.deepEqual(int8Instructions("Features\t: fp asimd asimddp"), ["dot product"]);
  assert.deepEqual(int8Instructions("flags\t\t: avx2 avx512_vnni"), ["AVX512-VNNI", "AVX2"]);
  assert.equal(cpuPartName("CPU part\t: 0xd4f"), "Neoverse V2 (Graviton4)");
  assert.equal(
    machineLine(MACHINE),
    "2 × Neoverse N1 (Graviton2) (arm64, dot product), 2 GB; node 24.21.0; 2026-11-25",
  );
});
