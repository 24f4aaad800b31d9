import { type Bar, barChart } from "../charts.ts";
import { machineLine } from "../machine.ts";
import type { Grid } from "../tables.ts";
import type { CostReport } from "./report.ts";
import { BATCH_SIZES, type Setting } from "./sweep.ts";

/** The report as text. */
export function costText(report: CostReport, render: (grid: Grid) => string): string {
  const { prices, machine, work, assumptions, cheapest, fastest, slowS3 } = report;
  const parts = [
    `${report.basis}\nprices: ${prices.region}, ${prices.date}, first tiers without free tiers (src/measure/cost/prices.json)`,
  ];
  if (machine !== undefined) parts.push(machineLine(machine));
  if (work !== undefined && assumptions !== undefined) {
    parts.push(
      `measured: ${work.cpuFixedMs.toFixed(1)} ms of CPU an invocation + ${work.cpuPerPictureMs.toFixed(2)} a picture ` +
        `(main thread ${work.mainFixedMs.toFixed(1)} + ${work.mainPerPictureMs.toFixed(2)}), start ${work.initMs.toFixed(0)} ms, ` +
        `${work.peakMemoryMb.toFixed(0)} MB, ${work.logBytesPerPicture.toFixed(0)} bytes of log a picture`,
      "model: a vCPU is 1,769 MB; an invocation takes the longest of all CPU work over its vCPUs, the main thread's on one, " +
        `and its lanes' pictures one after the other. Assumed: ${assumptions.s3RequestMs} ms for an S3 request, ` +
        `${(assumptions.coldStartShare * 100).toFixed(1)}% of invocations start cold, CPU time on arm64 ` +
        `${assumptions.cpuRatio.arm64}× and on x86 ${assumptions.cpuRatio.x86}× of here`,
    );
  }
  parts.push(render(comparisonGrid(report)));
  if (report.sweep.length > 0) {
    parts.push(
      render(sweepGrid(report.sweep, "$ a million, arm64", ({ dollars }) => dollars.total.toFixed(2))),
      render(sweepGrid(report.sweep, "ms an invocation", ({ invocationMs }) => invocationMs.toFixed(0))),
    );
  }
  if (cheapest !== undefined && fastest !== undefined) {
    parts.push(`cheapest: ${settingText(cheapest)}\nfastest a picture: ${settingText(fastest)}`);
  }
  if (slowS3 !== undefined)
    parts.push(`with S3 at 100 ms a request the default costs: ${settingText(slowS3)}`);
  return parts.join("\n\n");
}

function settingText({ memoryMb, batch, msPerPicture, dollars, boundBy }: Setting): string {
  return (
    `${memoryMb} MB, batches of ${batch}: ${msPerPicture.toFixed(1)} ms a picture (bound by ${boundBy}), ` +
    `$${dollars.total.toFixed(2)} a million, of it $${dollars.compute.toFixed(2)} compute`
  );
}

function comparisonGrid({ deployed, prices }: CostReport): Grid {
  const money = (value: number): string => value.toFixed(2);
  const { published, rekognition } = prices;
  return {
    head: ["a million pictures, $", "compute", "requests", "cold starts", "SQS", "S3", "logs", "all"],
    rows: [
      ...deployed.map(({ title, dollars: d }) => [
        title,
        ...[d.compute, d.requests, d.coldStarts, d.sqs, d.s3, d.logs, d.total].map(money),
      ]),
      [
        `${published.instance} at the published ${published.picturesPerSecond} pictures/s, never idle`,
        money(published.perMillionPictures),
        ...["", "", "", "", "", ""],
      ],
      [`Rekognition ${rekognition.operation}`, "", "", "", "", "", "", money(rekognition.perMillionPictures)],
    ],
  };
}

function sweepGrid(settings: readonly Setting[], title: string, cell: (setting: Setting) => string): Grid {
  const sizes = [...new Set(settings.map(({ memoryMb }) => memoryMb))];
  const at = (memoryMb: number, batch: number): string => {
    const found = settings.find((setting) => setting.memoryMb === memoryMb && setting.batch === batch);
    return found === undefined ? "–" : cell(found);
  };
  return {
    head: [title, ...BATCH_SIZES.map((batch) => `batch ${batch}`)],
    rows: sizes.map((size) => [`${size} MB`, ...BATCH_SIZES.map((batch) => at(size, batch))]),
  };
}

/** Dollars of compute and of everything as bars. Rekognition is left out: its bar would be the only one to see. */
export function costChart(report: CostReport): string {
  const { prices, deployed } = report;
  const bar = (label: string, value: number, kind: Bar["kind"]): Bar => ({
    label,
    value,
    text: `$${value.toFixed(2)}`,
    kind,
  });
  const compute = [
    ...deployed.map(({ title, dollars }) => bar(title, dollars.compute, "ours")),
    bar(`${prices.published.instance}, published`, prices.published.perMillionPictures, "bar"),
  ];
  const all = deployed.map(({ title, dollars }) => bar(title, dollars.total, "ours"));
  return barChart(
    [
      { title: "Compute, $ a million pictures", bars: compute },
      { title: "With requests, SQS, S3 and logs", bars: all },
    ],
    `${report.basis}; prices of ${prices.date}`,
  );
}
