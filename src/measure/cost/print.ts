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
        `${work.peakMemoryMb.toFixed(0)} MB, ${work.logBytes.fixed.toFixed(0)} bytes of log an invocation + ${work.logBytes.perPicture.toFixed(0)} a picture`,
      "model: a vCPU is 1,769 MB; an invocation takes the longest of all CPU work over its vCPUs, the main thread's on one, " +
        `and its lanes' pictures one after the other. Assumed: ${assumptions.s3RequestMs} ms for an S3 request, ` +
        `${(assumptions.coldStartShare * 100).toFixed(1)}% of invocations start cold, CPU time on arm64 ` +
        `${assumptions.cpuRatio.arm64}× and on x86 ${assumptions.cpuRatio.x86}× of here`,
    );
  }
  parts.push(render(comparisonGrid(report)));
  if (report.ways !== undefined)
    parts.push(render(waysGrid(report.ways, report.deployed[0]?.batch)), waysText(report));
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
    head: [
      "a million pictures, $",
      "compute",
      "requests",
      "cold starts",
      "SQS",
      "S3",
      "storage",
      "logs",
      "all",
    ],
    rows: [
      ...deployed.map(({ title, dollars: d }) => [
        title,
        ...[d.compute, d.requests, d.coldStarts, d.sqs, d.s3, d.storage, d.logs, d.total].map(money),
      ]),
      [
        `${published.instance} at the published ${published.picturesPerSecond} pictures/s, never idle`,
        money(published.perMillionPictures),
        ...["", "", "", "", "", "", ""],
      ],
      [
        `Rekognition ${rekognition.operation}`,
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        money(rekognition.perMillionPictures),
      ],
    ],
  };
}

/** Where results go × batch size, at the template's memory. */
function waysGrid(ways: NonNullable<CostReport["ways"]>, templateBatch: number | undefined): Grid {
  const sizes = (ways[0]?.settings ?? []).map(({ batch }) =>
    batch === templateBatch ? `batch ${batch}, as template.yaml` : `batch ${batch}`,
  );
  return {
    head: ["results as: $ a million, all in", ...sizes],
    rows: ways.map(({ way, settings }) => [way, ...settings.map(({ dollars }) => dollars.total.toFixed(2))]),
  };
}

function waysText({ ways = [], prices }: CostReport): string {
  const counts = ways.map(({ way, work: { requests, resultBytesPerPicture } }) => {
    const { gets, puts, annotationPuts } = requests;
    const text = [
      [gets, "GET"],
      [puts, "PUT"],
      [annotationPuts, "annotation PUT"],
    ] as const;
    const parts = text.flatMap(([{ fixed, perPicture }, name]) => [
      ...(perPicture > 0 ? [`${round(perPicture)} ${name} an image`] : []),
      ...(fixed > 0 ? [`${round(fixed)} ${name} an invocation`] : []),
    ]);
    return `${way}: ${parts.join(", ")}; ${resultBytesPerPicture.toFixed(0)} bytes stored an image`;
  });
  const lines = ways.find(({ way }) => way === "lines");
  const scan = ((lines?.work.resultBytesPerPicture ?? 0) * 1e6 * prices.athena.perTbScanned) / 1e12;
  return [
    `requests, measured:\n  ${counts.join("\n  ")}`,
    `An Athena query over the lines of a million images scans $${scan.toFixed(4)}. ${prices.annotations.note}`,
  ].join("\n");
}

function round(value: number): string {
  return String(Math.round(value * 1000) / 1000);
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
