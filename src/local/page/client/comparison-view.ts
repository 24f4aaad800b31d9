import type { Comparison, Pair, Said } from "../../compare.ts";
import { h } from "./dom.ts";
import { count, formatCount, formatDuration, formatScore, formatShare } from "./format.ts";
import { thumbnailUrl } from "./thumbnail.ts";

/** A table of more labels than this is read by nobody; the pairs that are confused most are. */
const MAX_TABLE_LABELS = 12;

export function describeComparison(
  comparison: Comparison,
  a: string,
  b: string,
  disagreements: readonly HTMLElement[],
): HTMLElement[] {
  const { total, agreeing, scoreShift, ms, labels } = comparison;
  const ratio = ms.b / ms.a;
  const facts = [
    ["agree", formatShare(agreeing / total), `${formatCount(agreeing)} of ${count(total, "picture")}`],
    [
      "score shift",
      scoreShift === undefined
        ? "–"
        : `${scoreShift < 0 ? "−" : "+"}${(100 * Math.abs(scoreShift)).toFixed(1)}`,
      "points, B minus A, mean where they agree",
    ],
    [
      "time of B",
      Number.isFinite(ratio) ? `${ratio.toFixed(2)} ×` : "–",
      `${formatDuration(ms.b)} beside ${formatDuration(ms.a)}, median from decode to rank`,
    ],
  ] as const;
  return [
    h(
      "dl",
      { class: "singles" },
      ...facts.map(([name, value, meaning]) =>
        h(
          "div",
          { class: "single" },
          h("dt", { textContent: name }),
          h(
            "dd",
            {},
            h("span", { class: "big", textContent: value }),
            h("span", { class: "quiet", textContent: meaning }),
          ),
        ),
      ),
    ),
    h("h3", {
      textContent: labels.length > MAX_TABLE_LABELS ? "Confused most" : "Labels of A (rows) and B (columns)",
    }),
    labels.length > MAX_TABLE_LABELS ? confusedPairs(comparison) : confusionTable(comparison, a, b),
    h("h3", { textContent: `They disagree on ${count(comparison.disagreements.length, "picture")}` }),
    h("ul", { class: "disagreements" }, ...disagreements),
  ];
}

export function disagreementItem({ key, a, b }: Pair, eTag: string, onOpen: () => void): HTMLElement {
  const image = h("img", {
    src: thumbnailUrl(key, eTag, 112),
    alt: "",
    width: 48,
    height: 48,
    loading: "lazy",
  });
  const side = ({ label, score }: Said, name: string) =>
    h(
      "span",
      { class: "side" },
      h("span", { class: "quiet", textContent: name }),
      h("strong", { textContent: label }),
      h("span", { class: "number", textContent: formatScore(score) }),
    );
  return h(
    "li",
    {},
    h(
      "button",
      { type: "button", class: "disagreement", onclick: onOpen },
      image,
      h("span", { class: "key", textContent: key, title: key }),
      side(a, "A"),
      side(b, "B"),
    ),
  );
}

function confusionTable({ labels, confusion }: Comparison, a: string, b: string): HTMLElement {
  const most = Math.max(1, ...confusion.flat());
  const head = h("tr", {}, h("td"), ...labels.map((label) => h("th", { scope: "col", textContent: label })));
  const rows = labels.map((label, row) =>
    h(
      "tr",
      {},
      h("th", { scope: "row", textContent: label }),
      ...labels.map((_, column) => {
        const number = confusion[row]?.[column] ?? 0;
        const kind = number === 0 ? "none" : row === column ? "same" : "other";
        return h("td", {
          class: kind,
          textContent: number === 0 ? "·" : formatCount(number),
          style: { "--share": String(number / most) },
        });
      }),
    ),
  );
  return h(
    "div",
    { class: "table-frame", tabIndex: 0, role: "group", "aria-label": `${a} by rows, ${b} by columns` },
    h("table", { class: "confusion" }, h("thead", {}, head), h("tbody", {}, ...rows)),
  );
}

function confusedPairs({ labels, confusion }: Comparison): HTMLElement {
  const pairs = confusion
    .flatMap((row, from) => row.map((number, to) => ({ number, from, to })))
    .filter(({ number, from, to }) => number > 0 && from !== to)
    .sort((one, other) => other.number - one.number)
    .slice(0, 20);
  const items = pairs.map(({ number, from, to }) =>
    h(
      "li",
      {},
      h("span", { class: "number", textContent: formatCount(number) }),
      h("span", { textContent: `${labels[from]} → ${labels[to]}` }),
    ),
  );
  return h("ol", { class: "confused" }, ...items);
}
