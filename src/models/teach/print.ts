import { textTable } from "../text-table.ts";
import type { Report } from "./report.ts";
import type { Interval } from "./wilson.ts";

const FILES_SHOWN = 5;

/** What `model teach` prints for people. */
export function renderTeachReport(report: Report): string {
  const { estimate, unknown, backbones, name } = report;
  const { accuracy } = estimate;
  const parts = [
    ...(backbones.length > 1 ? [backboneTable(report)] : []),
    textTable([
      ["label", "images", "recall", "95% interval"],
      ...estimate.classes.map(({ label, count, recall, interval }) => [
        label,
        count,
        percent(recall),
        intervalText(interval),
      ]),
    ]),
    [
      `mean recall ${percent(accuracy.macroRecall)}, top-1 ${percent(accuracy.top1)} (${intervalText(estimate.top1Interval)}), by leaving each ${estimate.leftOut} out once, ${estimate.groupCount} times`,
      `unknown: ${percent(unknown.falseShare)} of these images would be called so${unknown.otherShare === undefined ? "" : `, and ${percent(unknown.otherShare)} of those in _other`}`,
    ].join("\n"),
    section(
      "Often confused",
      report.confusedPairs
        .filter(({ files }) => files.length > 1)
        .map(({ label, predicted, files }) => `${label} taken for ${predicted}: ${filesText(files)}`),
    ),
    section(
      "Perhaps under the wrong label",
      report.suspects.map(
        ({ file, label, predicted, score }) =>
          `${file}: ${label}, looks like ${predicted} (${percent(score)})`,
      ),
    ),
    section(
      "Near-duplicates, left out together",
      report.duplicates.map((files) => filesText(files)),
    ),
    section(
      "Add pictures of",
      report.advice.map(
        ({ label, reason, files }) =>
          `${label}: ${reason}${files.length > 0 ? `, like ${filesText(files)}` : ""}`,
      ),
    ),
    section(
      "Could not be read, and left out",
      report.unreadable.map(({ file, code }) => `${file}: ${code}`),
    ),
    report.warnings.map((warning) => `Note: ${warning}`).join("\n"),
    `${name} → ${report.folder}, ${report.backbone.name} with a new head. Look at ${report.folder}/report.html
Try it: npm start -- --model ${name} IMAGE …    Deploy it: npm run model -- use ${name}`,
  ];
  return parts.filter((part) => part !== "").join("\n\n");
}

function backboneTable({ backbones, backbone }: Report): string {
  const rows = backbones.map((tried) =>
    "problem" in tried
      ? [tried.name, "–", tried.problem]
      : [tried.name, percent(tried.macroRecall), tried.name === backbone.name ? "taken" : ""],
  );
  return textTable([["backbone", "mean recall", ""], ...rows]);
}

function section(title: string, lines: readonly string[]): string {
  if (lines.length === 0) return "";
  const more = lines.length > 10 ? [`… and ${lines.length - 10} more (report.html, --json)`] : [];
  return [`${title}:`, ...[...lines.slice(0, 10), ...more].map((line) => `  ${line}`)].join("\n");
}

function filesText(files: readonly string[]): string {
  const more = files.length > FILES_SHOWN ? ` and ${files.length - FILES_SHOWN} more` : "";
  return `${files.slice(0, FILES_SHOWN).join(", ")}${more}`;
}

export function percent(share: number): string {
  return `${(100 * share).toFixed(1)}%`;
}

/** `81% to 95%`. */
export function intervalText({ low, high }: Interval): string {
  return `${(100 * low).toFixed(0)}% to ${(100 * high).toFixed(0)}%`;
}
