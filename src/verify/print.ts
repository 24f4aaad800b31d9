import { textTable } from "../models/text-table.ts";
import type { Bench } from "./bench.ts";
import type { Report } from "./verify.ts";

const ms = (value: number | undefined) => (value === undefined ? "–" : value.toFixed(value < 10 ? 1 : 0));
const dollars = (value: number) => `$${value.toFixed(2)}`;

/** The report for a person. */
export function renderReport({ images, checks, bench }: Report): string {
  const stages = ["fetch", "decode", "normalize", "infer", "rank"];
  const rows = images.map(({ name, latencyMs, document }) => {
    const [best] = document?.predictions ?? [];
    const label =
      document === undefined ? "no result" : (best?.label ?? document.error?.code ?? document.status);
    const score = best === undefined ? "–" : `${(100 * best.score).toFixed(1)}%`;
    return [name, label, score, ms(latencyMs), ...stages.map((stage) => ms(document?.timingsMs?.[stage]))];
  });
  const lines = checks.map(({ name, ok, detail }) => `${ok ? "ok    " : "FAILED"}  ${name}: ${detail}`);
  return [
    textTable([["image", "label", "score", "upload to result, ms", ...stages], ...rows]),
    "",
    ...lines,
    ...(bench === undefined ? [] : ["", renderBench(bench)]),
  ].join("\n");
}

function renderBench(bench: Bench): string {
  const { latencyMs, stagesMs, perMillionImages } = bench;
  const times = [["upload to result", latencyMs], ...Object.entries(stagesMs)] as const;
  const { total, ...parts } = perMillionImages;
  return [
    `${bench.images} images, ${bench.imagesPerSecond.toFixed(1)}/s, ${bench.withoutResult} without a result`,
    textTable([
      ["ms", "p50", "p90", "p99"],
      ...times.map(([name, { p50, p90, p99 }]) => [name, ms(p50), ms(p90), ms(p99)]),
    ]),
    `${bench.invocations} invocations, ${(bench.billedMs / 1000).toFixed(1)} s billed at ${bench.memoryMb} MB`,
    `A million images: ${dollars(total)} (${Object.entries(parts)
      .map(([name, value]) => `${name} ${dollars(value)}`)
      .join(", ")})`,
  ].join("\n");
}
