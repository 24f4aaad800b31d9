/** How a model says that an image is none of its labels: a similarity to the nearest of them, and what is too little. */
export interface UnknownRule {
  /** Output of the graph, one number: the cosine to the nearest label's mean. */
  readonly outputName: string;
  /** Below it the image is unknown. */
  readonly threshold: number;
}

/** What a result says of it. */
export interface Unknown {
  readonly isUnknown: boolean;
  /** −1 to 1. */
  readonly similarity: number;
  readonly threshold: number;
}

/**
 * `unknown: {output, threshold}` of config.json, which `model teach` writes.
 *
 * @throws {Error} when it is of another form, or names no output of the graph
 */
export function readUnknownRule(
  { unknown }: Readonly<Record<string, unknown>>,
  outputNames: readonly string[],
): UnknownRule | undefined {
  if (unknown === undefined || unknown === null) return undefined;
  const { output, threshold } = unknown as Readonly<Record<string, unknown>>;
  if (typeof output !== "string" || typeof threshold !== "number") {
    throw new Error(
      `expected unknown in config.json to be {output, threshold}, got ${JSON.stringify(unknown)}`,
    );
  }
  if (!outputNames.includes(output)) {
    throw new Error(
      `config.json names the output ${output} (unknown), but the graph has ${outputNames.join(", ")}`,
    );
  }
  return { outputName: output, threshold };
}

export function judgeUnknown({ threshold }: UnknownRule, similarity: number): Unknown {
  return { isUnknown: similarity < threshold, similarity, threshold };
}
