import { CommandError } from "../errors.ts";
import type { OperatorOptions } from "../tflite/operators.ts";
import type { TfliteModel, TfliteOperator } from "../tflite/reader.ts";

/** Their further inputs say a shape, an order or axes, which the output's shape or a constant tells as well. */
const ONE_INPUT = new Set<OperatorOptions["name"]>([
  ...(["EXPAND_DIMS", "MEAN", "PAD", "REDUCE_MAX", "RESHAPE", "SQUEEZE", "SUM", "TRANSPOSE"] as const),
]);

export function producerOf(model: TfliteModel, index: number | undefined): TfliteOperator | undefined {
  return index === undefined ? undefined : model.operators.find(({ outputs }) => outputs.includes(index));
}

/**
 * The operators that lead from one tensor to another, in the file's (topological) order. What only computes a shape, as
 * files with an open batch do (SHAPE, STRIDED_SLICE, PACK), is none of them.
 *
 * @throws CommandError MODEL_UNSUPPORTED naming every one that cannot be imported
 */
export function neededOperators(model: TfliteModel, from: number, to: number): TfliteOperator[] {
  const needed = new Set<TfliteOperator>();
  const pending = [to];
  for (let index = pending.pop(); index !== undefined; index = pending.pop()) {
    const operator = index === from ? undefined : producerOf(model, index);
    if (operator === undefined || needed.has(operator)) continue;
    needed.add(operator);
    pending.push(...(ONE_INPUT.has(operator.options.name) ? operator.inputs.slice(0, 1) : operator.inputs));
  }
  const operators = model.operators.filter((operator) => needed.has(operator));
  refuseUnsupported(operators.map(({ options }) => options));
  return operators;
}

function refuseUnsupported(all: readonly OperatorOptions[]): void {
  const names = all.flatMap((options) => (options.name === "UNSUPPORTED" ? [options.operator] : []));
  const refused = [...new Set(names)];
  if (refused.length === 0) return;
  const advice = ADVICE.find(([pattern]) => refused.some((name) => pattern.test(name)))?.[1];
  throw new CommandError(
    "MODEL_UNSUPPORTED",
    `cannot import ${refused.join(", ")}: ${advice ?? USUAL_ADVICE}`,
  );
}

const USUAL_ADVICE =
  "classifiers of convolutions, pooling, elementwise arithmetic, reshapes and fully connected layers are. Export the model to ONNX instead, from where it was trained, and put the file into a model folder";

const ADVICE: readonly (readonly [RegExp, string])[] = [
  [/edgetpu/i, "the file is compiled for an Edge TPU; import the one that the compiler was given"],
  [/Detection_PostProcess|NON_MAX_SUPPRESSION/, "this is an object detector, not a classifier"],
  [/^CUSTOM Flex/, "it needs TensorFlow's own operators; convert it with TFLITE_BUILTINS alone"],
  [
    /BATCH_MATMUL|RSQRT|SQUARED_DIFFERENCE|GELU/,
    "transformers are better exported to ONNX from where they were trained (optimum-cli export onnx), which is a model folder as it is",
  ],
];
