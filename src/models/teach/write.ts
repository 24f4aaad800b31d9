import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createClassifier } from "../../function/classifier.ts";
import { loadModel } from "../../function/model/load.ts";
import { CommandError } from "../errors.ts";
import { modelConfig, OWN_MODELS, sha256, toJson, writeModelFolder } from "../folder.ts";
import { encodeOnnx } from "../onnx/model.ts";
import { DEPLOYED_SETTINGS } from "../settings.ts";
import type { Backbone } from "./backbone.ts";
import { teachCard } from "./card.ts";
import { appendHead, hashHead, SIMILARITY } from "./head.ts";
import type { Lesson } from "./lesson.ts";
import { renderPage } from "./page.ts";
import { type Report, reportOn, type TriedBackbone } from "./report.ts";
import type { Attempt } from "./teach.ts";

/** Writes the model folder, opens it as the function will, and says what is in it. */
export async function writeTaughtModel(
  folder: string,
  lesson: Lesson,
  attempt: Attempt,
  tried: readonly TriedBackbone[],
): Promise<Report> {
  const { backbone, fit, unreadable } = attempt;
  const { head, lambda, temperature } = fit;
  const name = folder.split("/").at(-1) ?? folder;
  const headHash = hashHead(head);
  const { onnx } = backbone;
  const data = bringDataFiles(backbone);
  appendHead(onnx, backbone.features, head, backbone.heads);
  onnx.metadataProps.push(
    { key: "backbone", value: `${backbone.name} ${backbone.sha256}` },
    { key: "head", value: headHash },
  );
  const bytes = encodeOnnx(onnx);
  const parts = {
    backbone: { name: backbone.name, sha256: backbone.sha256 },
    head: { sha256: headHash },
  };
  const { threshold, falseShare, otherShare } = head.unknown;
  const report: Report = {
    ...{ name, folder, sha256: sha256(bytes), ...parts },
    ...reportOn(attempt),
    unknown: { threshold, falseShare, ...(otherShare !== undefined && { otherShare }) },
    ...{ temperature, lambda, backbones: tried, unreadable },
    warnings: [...lesson.warnings, ...warningsOf(attempt, tried)],
  };
  const config = JSON.parse(
    readFileSync(join(backbone.folder, "config.json"), "utf8").replace(/^\uFEFF/, ""),
  ) as {
    model_type?: string;
  };
  writeModelFolder(folder, {
    "model.onnx": bytes,
    ...data,
    "config.json": toJson(
      modelConfig(lesson.labels, {
        ...(config.model_type !== undefined && { model_type: config.model_type }),
        unknown: { output: SIMILARITY, threshold },
        parts,
        ...(backbone.heads.length > 0 && {
          heads: backbone.heads.map(({ name: of, outputName, labels }) => ({
            name: of,
            output: outputName,
            labels,
          })),
        }),
      }),
    ),
    "preprocessor_config.json": readFileSync(join(backbone.folder, "preprocessor_config.json")),
    "README.md": teachCard(report, lesson, backbone),
    "report.html": await renderPage(report, attempt),
  });
  await assertJudgesAlike(folder, attempt);
  return report;
}

/** Weights beside the graph get the name that goes with `model.onnx`, and the layer packs. */
function bringDataFiles({ dataFiles, onnx }: Backbone): Record<string, Uint8Array> {
  const renamed = new Map(
    dataFiles.map((path, index) => [
      path.split("/").at(-1),
      `model.onnx_data${index === 0 ? "" : `_${index}`}`,
    ]),
  );
  for (const { externalData = [] } of onnx.graph.initializer) {
    for (const entry of externalData)
      if (entry.key === "location") entry.value = renamed.get(entry.value) ?? entry.value;
  }
  return Object.fromEntries(
    dataFiles.map((path) => [renamed.get(path.split("/").at(-1)) ?? "", readFileSync(path)]),
  );
}

/** The written folder, run as the function runs it, must say of an image what the fit says of it. */
async function assertJudgesAlike(folder: string, { fit, images, features }: Attempt): Promise<void> {
  const model = await loadModel(folder);
  const classifier = await createClassifier(model, { ...DEPLOYED_SETTINGS, topK: model.labels.length });
  const { head } = fit;
  for (const label of model.labels) {
    const index = images.findIndex((image) => image.label === label);
    const expected = scoresOf(head, features[index]?.values ?? new Float32Array());
    const { predictions } = await classifier.classify(readFileSync(images[index]?.path ?? ""));
    const worst = Math.max(
      ...predictions.map((prediction) => Math.abs(prediction.score - (expected[prediction.index] ?? 0))),
    );
    if (worst > MAX_SCORE_DIFFERENCE) {
      throw new CommandError(
        "MODEL_INVALID",
        `expected the written model to give the scores that were fitted, it is off by ${worst.toFixed(4)} for ${images[index]?.file}`,
      );
    }
  }
  await model.session.release();
}

const MAX_SCORE_DIFFERENCE = 0.001;

/** The head's arithmetic, in 64 bits. */
function scoresOf({ hasRoot, weights, bias }: Attempt["fit"]["head"], values: Float32Array): number[] {
  const rooted = hasRoot ? Float64Array.from(values, Math.sqrt) : Float64Array.from(values);
  const length = Math.hypot(...rooted) || 1;
  const logits = Array.from(bias, (offset, label) => {
    let sum = offset;
    for (const [index, value] of rooted.entries())
      sum += (value / length) * (weights[index * bias.length + label] ?? 0);
    return sum;
  });
  const greatest = Math.max(...logits);
  const exponents = logits.map((logit) => Math.exp(logit - greatest));
  const total = exponents.reduce((sum, value) => sum + value, 0);
  return exponents.map((value) => value / total);
}

function warningsOf({ fit }: Attempt, tried: readonly TriedBackbone[]): string[] {
  const warnings = fit.ofOneGroup.map(
    (label) =>
      `all images of ${label} are of one source, or show the same: its recall is of images that were seen alike, add others`,
  );
  if (tried.every(({ name }) => OWN_MODELS.includes(name))) {
    warnings.push(
      `only ${tried.map(({ name }) => name).join(" and ")} can be built on here, trained to tell documents, charts and screenshots, not what is in a photograph: for that run \`npm run model -- pull mobilenet-v2\` first, then teach again`,
    );
  }
  return warnings;
}
