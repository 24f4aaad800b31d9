import type { Accuracy } from "./accuracy.ts";

const CELL = 54;
const LABEL_SIZE = 14;
/** Mean width of a character of a sans-serif face at LABEL_SIZE, in px; labels get the room that this asks for. */
const CHARACTER_WIDTH = 7.6;
const HEADER_HEIGHT = 62;
const RECALL_WIDTH = 84;
const PADDING = 24;

/** More classes than this make no readable picture. */
export const MAX_SVG_CLASSES = 40;

/**
 * A confusion matrix as an SVG picture: a row a true label, a column a predicted one, the count in each cell,
 * the shade by the share of its row, and the recall at the row's end.
 */
export function drawConfusionMatrix(accuracy: Accuracy, labels: readonly string[], title: string): string {
  const longest = Math.max(...labels.map((label) => label.length));
  const labelWidth = Math.ceil(longest * CHARACTER_WIDTH) + 34;
  // Column labels stand at 45°.
  const columnHeight = Math.ceil((longest * CHARACTER_WIDTH) / Math.SQRT2) + 20;
  const left = PADDING + labelWidth;
  const top = PADDING + HEADER_HEIGHT + columnHeight;
  const side = labels.length * CELL;
  const width = left + side + RECALL_WIDTH + Math.max(PADDING, columnHeight - RECALL_WIDTH);
  const height = top + side + PADDING;
  const middle = (index: number) => index * CELL + CELL / 2;

  const columns = labels.map((label, index) => {
    const [x, y] = [left + middle(index), top - 10];
    return `<text x="${x}" y="${y}" transform="rotate(-45 ${x} ${y})">${escapeXml(label)}</text>`;
  });
  const rows = labels.map((label, index) => {
    const y = top + middle(index);
    const row = accuracy.classes.find((entry) => entry.label === label);
    const recall = row === undefined ? "–" : `${(100 * row.recall).toFixed(1)}%`;
    return `<text x="${left - 12}" y="${y}" class="end middle">${escapeXml(label)}</text>
<text x="${left + side + 12}" y="${y}" class="middle strong">${recall}</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escapeXml(title)}">
<style>
text { font: ${LABEL_SIZE}px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; fill: #1f2937; }
.end { text-anchor: end; } .center { text-anchor: middle; } .middle { dominant-baseline: central; }
.strong { font-weight: 600; } .quiet { fill: #6b7280; } .title { font-size: 18px; font-weight: 600; }
</style>
<rect width="${width}" height="${height}" rx="12" fill="#ffffff"/>
<text x="${PADDING}" y="${PADDING + 16}" class="title">${escapeXml(title)}</text>
<text x="${PADDING}" y="${PADDING + 40}" class="quiet">rows: true label, columns: predicted label, right: recall (mean ${(100 * accuracy.macroRecall).toFixed(1)}%)</text>
${columns.join("\n")}
${rows.join("\n")}
${drawCells(accuracy, labels, left, top).join("\n")}
<rect x="${left}" y="${top}" width="${side}" height="${side}" fill="none" stroke="#d1d5db"/>
</svg>
`;
}

function drawCells(accuracy: Accuracy, labels: readonly string[], left: number, top: number): string[] {
  const counts = new Map(
    accuracy.confusions.map((entry) => [`${entry.label}\t${entry.predicted}`, entry.count]),
  );
  const totals = new Map(accuracy.classes.map(({ label, count }) => [label, count]));
  return labels.flatMap((label, row) =>
    labels.map((predicted, column) => {
      const count = counts.get(`${label}\t${predicted}`) ?? 0;
      const share = count / (totals.get(label) ?? 1);
      const [x, y] = [left + column * CELL, top + row * CELL];
      const square = `<rect x="${x}" y="${y}" width="${CELL}" height="${CELL}" fill="${shade(share, row === column)}" stroke="#f3f4f6"/>`;
      if (count === 0) return square;
      const ink = share > 0.5 ? ' style="fill:#ffffff"' : "";
      return `${square}<text x="${x + CELL / 2}" y="${y + CELL / 2}" class="center middle"${ink}>${count}</text>`;
    }),
  );
}

/** White to blue where the label is right, white to orange where it is wrong; small shares stay visible. */
function shade(share: number, isRight: boolean): string {
  if (share === 0) return "#ffffff";
  const full = isRight ? [29, 78, 216] : [194, 65, 12];
  const weight = 0.12 + 0.88 * share;
  return `rgb(${full.map((channel) => Math.round(255 + (channel - 255) * weight)).join(",")})`;
}

export function escapeXml(text: string): string {
  const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
  return text.replace(/[&<>"]/g, (character) => entities[character] ?? character);
}
