import { loadSharp } from "../../function/native.ts";
import { drawConfusionMatrix, escapeXml, MAX_SVG_CLASSES } from "../evaluate/confusion-svg.ts";
import { intervalText, percent } from "./print.ts";
import type { ClassEstimate, Report } from "./report.ts";
import type { Attempt } from "./teach.ts";

const THUMB_PIXELS = 112;
/** A page of a few megabytes at most. */
const MAX_THUMBS = 300;
const PER_GROUP = 12;

const STYLE = `
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; margin: 2rem auto; max-width: 66rem; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2.5rem; }
table { border-collapse: collapse; } td, th { padding: .25rem .8rem .25rem 0; text-align: left; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
.scroll { overflow-x: auto; }
.track { position: relative; width: 16rem; height: .8rem; background: #8883; border-radius: .4rem; }
.interval { position: absolute; top: 0; bottom: 0; background: #2563eb66; border-radius: .4rem; }
.recall { position: absolute; top: -.15rem; bottom: -.15rem; width: .2rem; background: #2563eb; }
.images { display: flex; flex-wrap: wrap; gap: .8rem; margin: .5rem 0 1rem; }
figure { margin: 0; width: ${THUMB_PIXELS}px; } figcaption { font-size: .75rem; overflow-wrap: anywhere; }
img { display: block; width: ${THUMB_PIXELS}px; height: ${THUMB_PIXELS}px; border-radius: .4rem; }
.quiet { opacity: .7; }`;

/** One self-contained HTML page: the estimate, and the images that are worth a look. */
export async function renderPage(report: Report, { images }: Attempt): Promise<string> {
  const paths = new Map(images.map(({ file, path }) => [file, path]));
  let left = MAX_THUMBS;
  const figures = async (entries: readonly { file: string; caption: string }[]): Promise<string> => {
    const shown = entries.slice(0, Math.min(PER_GROUP, left));
    left -= shown.length;
    const drawn = await Promise.all(
      shown.map(async ({ file, caption }) => {
        const thumb = await thumbnail(paths.get(file) ?? file);
        return `<figure>${thumb}<figcaption>${escapeXml(file)}<br>${escapeXml(caption)}</figcaption></figure>`;
      }),
    );
    const more = entries.length - shown.length;
    return `<div class="images">${drawn.join("")}${more > 0 ? `<p class="quiet">and ${more} more</p>` : ""}</div>`;
  };

  const { estimate, unknown } = report;
  const { accuracy } = estimate;
  const sections: string[] = [];
  const add = (title: string, parts: readonly string[]): void => {
    if (parts.length > 0) sections.push(`<h2>${title}</h2>${parts.join("")}`);
  };
  add("Recall of each label", [
    `<p>Each ${estimate.leftOut} left out once (${estimate.groupCount} times), judged by what the others teach. The band is the 95% interval: with few images it is wide.</p>`,
    `<table>${estimate.classes.map(classRow).join("")}</table>`,
  ]);
  add("Perhaps under the wrong label", [
    ...(report.suspects.length > 0
      ? [
          await figures(
            report.suspects.map(({ file, label, predicted, score }) => ({
              file,
              caption: `${label}? ${predicted} ${percent(score)}`,
            })),
          ),
        ]
      : []),
  ]);
  const pairs: string[] = [];
  for (const { label, predicted, files } of report.confusedPairs) {
    pairs.push(`<h3>${escapeXml(label)} taken for ${escapeXml(predicted)}</h3>`);
    pairs.push(await figures(files.map((file) => ({ file, caption: "" }))));
  }
  add("What is confused", pairs);
  add(
    "Add pictures of",
    report.advice.length > 0
      ? [
          `<ul>${report.advice.map(({ label, reason }) => `<li><b>${escapeXml(label)}</b>: ${escapeXml(reason)}</li>`).join("")}</ul>`,
        ]
      : [],
  );
  const duplicates: string[] = [];
  for (const group of report.duplicates)
    duplicates.push(await figures(group.map((file) => ({ file, caption: "" }))));
  add("Near-duplicates", duplicates);
  if (estimate.classes.length <= MAX_SVG_CLASSES) {
    const labels = estimate.classes.map(({ label }) => label);
    add("Confusion matrix", [
      `<div class="scroll">${drawConfusionMatrix(accuracy, labels, report.name)}</div>`,
    ]);
  }
  add(
    "Notes",
    [
      ...report.warnings,
      ...report.unreadable.map(({ file, code }) => `${file} could not be read (${code}) and is left out`),
    ].map((text) => `<p>${escapeXml(text)}</p>`),
  );
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escapeXml(report.name)}</title><style>${STYLE}</style></head><body>
<h1>${escapeXml(report.name)}</h1>
<p>${accuracy.count} images, ${estimate.classes.length} labels, ${escapeXml(report.backbone.name)} with a new head: mean recall <b>${percent(accuracy.macroRecall)}</b>,
top-1 ${percent(accuracy.top1)} (${intervalText(estimate.top1Interval)}). ${percent(unknown.falseShare)} of these images would be called unknown${
    unknown.otherShare === undefined ? "" : `, and ${percent(unknown.otherShare)} of those in _other`
  }.</p>
${sections.join("\n")}
</body></html>
`;
}

function classRow({ label, count, recall, interval }: ClassEstimate): string {
  const style = `left:${100 * interval.low}%;width:${100 * (interval.high - interval.low)}%`;
  return `<tr><th>${escapeXml(label)}</th><td class="number">${count}</td><td class="number">${percent(recall)}</td>
<td><div class="track" role="img" aria-label="95% interval ${intervalText(interval)}"><div class="interval" style="${style}"></div><div class="recall" style="left:calc(${100 * recall}% - .1rem)"></div></div></td><td>${intervalText(interval)}</td></tr>`;
}

async function thumbnail(path: string): Promise<string> {
  try {
    const jpeg = await loadSharp()(path, { failOn: "none", limitInputPixels: 50_000_000 })
      .autoOrient()
      .resize(THUMB_PIXELS, THUMB_PIXELS)
      .flatten({ background: "#ffffff" })
      .jpeg({ quality: 70 })
      .toBuffer();
    return `<img alt="" src="data:image/jpeg;base64,${jpeg.toString("base64")}">`;
  } catch {
    return '<p class="quiet">no preview</p>';
  }
}
