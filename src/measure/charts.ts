import { machineLine } from "./machine.ts";
import type { BenchReport, RowReport } from "./report.ts";

/**
 * Colours that keep their contrast on GitHub's light and dark pages; the text takes the page's own scheme, since
 * an SVG that is shown as a picture still answers `prefers-color-scheme`.
 */
const STYLE = `<style>
  text { font: 13px system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; fill: #1f2328; }
  .note { font-size: 11px; fill: #59636e; }
  .title { font-size: 15px; font-weight: 600; }
  .value { font-weight: 600; }
  .bar { fill: #8c959f; }
  .ours { fill: #1a7f64; }
  .floor { fill: #c8a13a; }
  .grid { stroke: #8c959f; stroke-opacity: 0.3; }
  .line { fill: none; stroke-width: 2; }
  .line.ours { fill: none; stroke: #1a7f64; }
  .line.bar { fill: none; stroke: #8c959f; stroke-dasharray: 4 4; }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc; }
    .note { fill: #9198a1; }
    .ours { fill: #2ea98a; }
    .line.ours { stroke: #2ea98a; }
  }
</style>`;

const WIDTH = 760;
const LABEL_WIDTH = 220;
const BAR_HEIGHT = 20;
const GAP = 8;

/** One bar. */
export interface Bar {
  label: string;
  value: number;
  text: string;
  kind: "ours" | "bar" | "floor";
}

/** Horizontal bars under titles, one scale a section. */
export interface BarSection {
  title: string;
  bars: readonly Bar[];
}

/** An SVG document of bar sections with a note beneath. */
export function barChart(sections: readonly BarSection[], note: string): string {
  let y = 8;
  const parts: string[] = [];
  for (const { title, bars } of sections) {
    y += 22;
    parts.push(`<text class="title" x="0" y="${y}">${escapeXml(title)}</text>`);
    y += 12;
    const greatest = Math.max(...bars.map(({ value }) => value));
    for (const { label, value, text, kind } of bars) {
      const length = Math.max(2, (value / greatest) * (WIDTH - LABEL_WIDTH - 150));
      parts.push(
        `<text x="${LABEL_WIDTH - 10}" y="${y + 15}" text-anchor="end">${escapeXml(label)}</text>`,
        `<rect class="${kind}" x="${LABEL_WIDTH}" y="${y}" width="${length.toFixed(1)}" height="${BAR_HEIGHT}" rx="2"/>`,
        `<text class="value" x="${(LABEL_WIDTH + length + 8).toFixed(1)}" y="${y + 15}">${escapeXml(text)}</text>`,
      );
      y += BAR_HEIGHT + GAP;
    }
  }
  return svg(y + 24, [...parts, `<text class="note" x="0" y="${y + 14}">${escapeXml(note)}</text>`]);
}

/** One line of a line chart; x and y in the data's own units. */
export interface Series {
  label: string;
  kind: "ours" | "bar";
  points: readonly (readonly [number, number])[];
}

/** Lines over one logarithmic x axis. */
export interface Panel {
  title: string;
  unit: string;
  series: readonly Series[];
}

const PANEL_HEIGHT = 250;

/** Line charts one under the other. y starts at 0: what is flat looks flat, and what is not does not. */
export function lineChart(panels: readonly Panel[], note: string): string {
  const height = panels.length * PANEL_HEIGHT;
  return svg(height + 16, [
    ...panels.flatMap((panel, i) => [
      `<g transform="translate(0 ${i * PANEL_HEIGHT})">`,
      ...panelParts(panel),
      "</g>",
    ]),
    `<text class="note" x="0" y="${height + 8}">${escapeXml(note)}</text>`,
  ]);
}

function panelParts({ title, unit, series }: Panel): string[] {
  const [left, top, right, bottom] = [60, 44, WIDTH - 20, PANEL_HEIGHT - 50];
  const xs = series.flatMap(({ points }) => points.map(([x]) => Math.log10(x)));
  const [minX, maxX] = [Math.min(...xs), Math.max(...xs)];
  const step = roundStep(Math.max(...series.flatMap(({ points }) => points.map(([, y]) => y))) / 4);
  const maxY = 5 * step;
  const px = (x: number): number => left + ((Math.log10(x) - minX) / (maxX - minX || 1)) * (right - left);
  const py = (y: number): number => bottom - (y / maxY) * (bottom - top);
  const grid = [0, 1, 2, 3, 4, 5].map((steps) => {
    const y = py(steps * step).toFixed(1);
    return `<line class="grid" x1="${left}" x2="${right}" y1="${y}" y2="${y}"/><text class="note" x="${left - 8}" y="${y}" text-anchor="end">${Number((steps * step).toPrecision(3)).toLocaleString("en")}</text>`;
  });
  const lines = series.map(({ kind, points }) => {
    const path = points.map(([x, y]) => `${px(x).toFixed(1)},${py(y).toFixed(1)}`).join(" ");
    return `<polyline class="line ${kind}" points="${path}"/>`;
  });
  const ticks = [...new Set(series.flatMap(({ points }) => points.map(([x]) => x)))].map(
    (x) =>
      `<text class="note" x="${px(x).toFixed(1)}" y="${bottom + 18}" text-anchor="middle">${x.toLocaleString("en")}</text>`,
  );
  const legend = series.map(({ label, kind }, i) => {
    const x = right - 110 * (series.length - i);
    return `<line class="line ${kind}" x1="${x}" x2="${x + 24}" y1="20" y2="20"/><text x="${x + 30}" y="24">${escapeXml(label)}</text>`;
  });
  return [
    `<text class="title" x="0" y="24">${escapeXml(`${title}, ${unit}`)}</text>`,
    ...grid,
    ...ticks,
    ...lines,
    ...legend,
  ];
}

/** The next of 1, 2, 2.5, 5 and 10 times a power of ten. */
function roundStep(atLeast: number): number {
  const power = 10 ** Math.floor(Math.log10(atLeast));
  return power * ([1, 2, 2.5, 5].find((factor) => factor * power >= atLeast) ?? 10);
}

/** Throughput of every end-to-end row, a section a workload. */
export function benchChart(report: BenchReport): string {
  const sections = report.workloads.map(({ name, pictures, rows }): BarSection => {
    const shown = rows.filter(({ group }) => group === "end to end");
    const title = `Pictures a second, ${name === "12mp" ? "12 MP" : name} (${pictures} pictures)`;
    return { title, bars: shown.map(throughputBar) };
  });
  return barChart(
    sections.filter(({ bars }) => bars.length > 0),
    `${machineLine(report.machine).split(";")[0]}; ${report.machine.date}`,
  );
}

function throughputBar({ id, title, picturesPerSecond, speedup }: RowReport): Bar {
  const times = speedup === undefined ? "" : ` · ${speedup.median.toFixed(1)}×`;
  return {
    label: title,
    value: picturesPerSecond.median,
    text: `${picturesPerSecond.median.toFixed(picturesPerSecond.median < 100 ? 1 : 0)}/s${times}`,
    kind: id.startsWith("ours") ? "ours" : id.startsWith("floor") || id.startsWith("bare") ? "floor" : "bar",
  };
}

function svg(height: number, parts: readonly string[]): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">\n${STYLE}\n${parts.join("\n")}\n</svg>\n`;
}

function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
