import type { Backbone } from "./backbone.ts";
import type { Lesson } from "./lesson.ts";
import { intervalText, percent } from "./print.ts";
import type { Report } from "./report.ts";

/** The model card, README.md. */
export function teachCard(report: Report, lesson: Lesson, backbone: Backbone): string {
  const { estimate, unknown } = report;
  const { accuracy } = estimate;
  const { height, width } = backbone.model.input;
  const rows = estimate.classes.map(
    ({ label, count, recall, interval }) =>
      `| ${label.replaceAll("|", "\\|")} | ${count} | ${percent(recall)} | ${intervalText(interval)} |`,
  );
  return `# ${report.name}

Taught by \`npm run model -- teach\`: the backbone ${report.backbone.name} up to its pooled layer, unchanged, and a linear head
for ${lesson.labels.length} labels.

| | |
|---|---|
| input | \`${backbone.model.input.name}\`, ${backbone.model.input.elementType}, ${width} × ${height} pixels, prepared as preprocessor_config.json says |
| outputs | \`logits\` float32 [1, ${lesson.labels.length}], divided by the temperature already: softmax gives the scores; \`similarity\`, cosine to the nearest label's mean |
| sha256 of model.onnx | \`${report.sha256}\` |
| backbone | ${report.backbone.name}, \`${report.backbone.sha256}\`; its licence holds for this model too |
| head | \`${report.head.sha256}\` |
| taught with | ${accuracy.count} images${lesson.others.length > 0 ? `, and ${lesson.others.length} of none of the labels` : ""} |

## How good it is

Estimated by leaving each ${estimate.leftOut} out once (${estimate.groupCount} times; near-duplicates together), and judging it by what the
others teach: mean recall ${percent(accuracy.macroRecall)}, top-1 ${percent(accuracy.top1)} (${intervalText(estimate.top1Interval)}, 95%), expected calibration error ${accuracy.calibrationError.toFixed(3)}.
This holds for images like those that it was taught with; of other sources expect less.

| label | images | recall | 95% interval |
|---|--:|--:|---|
${rows.join("\n")}

\`unknown\`: an image whose similarity is below ${unknown.threshold.toFixed(4)} is of none of the labels. ${percent(unknown.falseShare)} of the taught images fall
below it${unknown.otherShare === undefined ? "" : `, and ${percent(unknown.otherShare)} of the others that it was chosen with`}. What is far from all labels is found well, what is near to one of them is not.

## Not for

Fine detail that is lost at ${width} × ${height} pixels, what is told by position or by reading, and medical images.
report.html, beside this file, shows what it gets wrong.
`;
}
