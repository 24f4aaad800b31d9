import { CommandError } from "../errors.ts";
import {
  ACTIVATIONS,
  type Activation,
  FIELD,
  isImportable,
  type OperatorName,
  PADDINGS,
  type Padding,
} from "./schema.ts";
import type { Table } from "./table.ts";

/** How a window moves over a picture. Sizes in pixels. */
export interface WindowOptions {
  readonly padding: Padding;
  readonly strideH: number;
  readonly strideW: number;
  readonly dilationH: number;
  readonly dilationW: number;
}

/** An operator's name and the options that the importer needs of it. */
export type OperatorOptions =
  | ({ readonly name: "CONV_2D" | "DEPTHWISE_CONV_2D"; readonly activation: Activation } & WindowOptions)
  | ({
      readonly name: "AVERAGE_POOL_2D" | "MAX_POOL_2D";
      readonly activation: Activation;
      readonly filterH: number;
      readonly filterW: number;
    } & WindowOptions)
  | { readonly name: "ADD" | "SUB" | "MUL" | "DIV"; readonly activation: Activation }
  | { readonly name: "FULLY_CONNECTED"; readonly activation: Activation }
  | { readonly name: "CONCATENATION"; readonly axis: number; readonly activation: Activation }
  | { readonly name: "LEAKY_RELU"; readonly alpha: number }
  | { readonly name: "SOFTMAX"; readonly beta: number }
  | {
      readonly name: Exclude<
        OperatorName,
        | ("CONV_2D" | "DEPTHWISE_CONV_2D" | "AVERAGE_POOL_2D" | "MAX_POOL_2D" | "FULLY_CONNECTED")
        | ("ADD" | "SUB" | "MUL" | "DIV" | "CONCATENATION" | "LEAKY_RELU" | "SOFTMAX")
      >;
    }
  /** Refused only where the output depends on it. */
  | { readonly name: "UNSUPPORTED"; readonly operator: string };

/** @param options the operator's BuiltinOptions; left out where all are defaults. */
export function readOperatorOptions(name: string, options: Table | undefined): OperatorOptions {
  if (!isImportable(name)) return { name: "UNSUPPORTED", operator: name };
  const activation = (field: number) => choice(ACTIVATIONS, options?.byte(field, 0) ?? 0, "activation");
  switch (name) {
    case "CONV_2D":
    case "DEPTHWISE_CONV_2D": {
      const field = name === "CONV_2D" ? FIELD.conv2D : FIELD.depthwiseConv2D;
      return {
        name,
        activation: activation(field.activation),
        ...readWindow(options, field),
        dilationH: options?.int(field.dilationH, 1) ?? 1,
        dilationW: options?.int(field.dilationW, 1) ?? 1,
      };
    }
    case "AVERAGE_POOL_2D":
    case "MAX_POOL_2D":
      return {
        name,
        activation: activation(FIELD.pool2D.activation),
        ...readWindow(options, FIELD.pool2D),
        filterH: options?.int(FIELD.pool2D.filterHeight, 0) ?? 0,
        filterW: options?.int(FIELD.pool2D.filterWidth, 0) ?? 0,
      };
    case "ADD":
    case "SUB":
    case "MUL":
    case "DIV":
      return { name, activation: activation(FIELD.binary.activation) };
    case "CONCATENATION": {
      const { axis, activation: field } = FIELD.concatenation;
      return { name, axis: options?.int(axis, 0) ?? 0, activation: activation(field) };
    }
    case "LEAKY_RELU":
      return { name, alpha: options?.float(FIELD.leakyRelu.alpha, 0) ?? 0 };
    case "SOFTMAX":
      return { name, beta: options?.float(FIELD.softmax.beta, 0) || 1 };
    case "FULLY_CONNECTED":
      if ((options?.byte(FIELD.fullyConnected.weightsFormat, 0) ?? 0) !== 0) {
        throw new CommandError("MODEL_UNSUPPORTED", "cannot import FULLY_CONNECTED with shuffled weights");
      }
      return { name, activation: activation(FIELD.fullyConnected.activation) };
    default:
      return { name };
  }
}

function readWindow(
  options: Table | undefined,
  field: { readonly padding: number; readonly strideH: number; readonly strideW: number },
): WindowOptions {
  return {
    padding: choice(PADDINGS, options?.byte(field.padding, 0) ?? 0, "padding"),
    strideH: options?.int(field.strideH, 0) ?? 0,
    strideW: options?.int(field.strideW, 0) ?? 0,
    dilationH: 1,
    dilationW: 1,
  };
}

function choice<T extends string>(choices: readonly T[], value: number, what: string): T {
  const chosen = choices[value];
  if (chosen === undefined) {
    throw new CommandError(
      "MODEL_UNSUPPORTED",
      `expected a ${what} among ${choices.join(", ")}, got number ${value}`,
    );
  }
  return chosen;
}
