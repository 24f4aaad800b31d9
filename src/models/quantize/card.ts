import type { Model } from "../../function/model/load.ts";
import type { QuantizedModel } from "./quantize.ts";

/** The model card, README.md. */
export function quantizeCard(model: QuantizedModel, float: Model): string {
  const { agreement, images, accuracy, cpuMs, layers, sizeBytes } = model;
  const percent = (share: number) => `${(100 * share).toFixed(1)}%`;
  return `# ${model.name}

${float.name}, quantized after its training by \`npm run model -- quantize\`: int8 weights with a scale per output and zero point 0,
uint8 activations with ranges measured on ${model.calibrationImages} images, channels equalized, biases corrected. It stays under the licence of ${float.name}.

| | |
|---|---|
| sha256 of model.onnx | \`${model.sha256}\` |
| made of | ${float.name}, \`${float.sha256}\` |
| layers in integers | ${layers.quantized} of ${layers.all} |
| size | ${(sizeBytes.float / 1e6).toFixed(1)} → ${(sizeBytes.quantized / 1e6).toFixed(1)} MB |
| same label as the float model | ${percent(agreement)} of ${images} images that it was not calibrated with |
${accuracy === undefined ? "" : `| right | ${percent(accuracy.float)} → ${percent(accuracy.quantized)} of ${accuracy.images} images with a known label |\n`}| CPU of one inference, one thread, where it was made | ${cpuMs.float.toFixed(2)} → ${cpuMs.quantized.toFixed(2)} ms |
`;
}
