/** A further classifier on the same backbone: one inference answers all of them. */
export interface Head {
  /** The model that it comes from. */
  readonly name: string;
  /** Its logits among the graph's outputs. */
  readonly outputName: string;
  readonly labels: readonly string[];
}

/**
 * `heads: [{name, output, labels}]` of config.json, which `model teach --extend` writes.
 *
 * @throws {Error} when one is of another form, or names no output of the graph
 */
export function readHeads(
  { heads }: Readonly<Record<string, unknown>>,
  outputNames: readonly string[],
): Head[] {
  if (heads === undefined || heads === null) return [];
  if (!Array.isArray(heads))
    throw new Error(`expected heads in config.json to be a list, got ${JSON.stringify(heads)}`);
  return heads.map((entry: Readonly<Record<string, unknown>>) => {
    const { name, output, labels } = entry;
    const areLabels = Array.isArray(labels) && labels.every((label) => typeof label === "string");
    if (typeof name !== "string" || typeof output !== "string" || !areLabels)
      throw new Error(`expected a head {name, output, labels} in config.json, got ${JSON.stringify(entry)}`);
    if (!outputNames.includes(output))
      throw new Error(
        `config.json names the output ${output} (heads), but the graph has ${outputNames.join(", ")}`,
      );
    return { name, outputName: output, labels };
  });
}
