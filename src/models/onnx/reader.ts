import { DATA_TYPE, ModelProto } from "./proto.ts";

export interface OnnxSummary {
  readonly input: {
    readonly name: string;
    readonly elementType: string;
    readonly shape: readonly (number | string)[];
  };
  /** Operator → how many nodes. */
  readonly operators: Readonly<Record<string, number>>;
}

interface DecodedModel {
  readonly graph?: {
    readonly node?: readonly { readonly opType?: string }[];
    readonly initializer?: readonly { readonly name?: string }[];
    readonly input?: readonly {
      readonly name?: string;
      readonly type?: {
        readonly tensorType?: {
          readonly elemType?: number;
          readonly shape?: {
            readonly dim?: readonly { readonly dimValue?: number; readonly dimParam?: string }[];
          };
        };
      };
    }[];
  };
}

/** What an ONNX file says about itself, without opening a session. @throws Error for bytes that are no ONNX model. */
export function summarizeOnnx(bytes: Uint8Array): OnnxSummary {
  const model: DecodedModel = ModelProto.toObject(ModelProto.decode(bytes), { longs: Number });
  // Old exporters list constants among the inputs.
  const constants = new Set(model.graph?.initializer?.map(({ name }) => name));
  const input = model.graph?.input?.find(({ name }) => !constants.has(name));
  const tensor = input?.type?.tensorType;
  if (input?.name === undefined || tensor === undefined) {
    throw new Error("expected an ONNX model with an input, got none");
  }
  const elementType = Object.entries(DATA_TYPE).find(([, value]) => value === tensor.elemType)?.[0];
  const operators: Record<string, number> = {};
  for (const { opType = "" } of model.graph?.node ?? []) operators[opType] = (operators[opType] ?? 0) + 1;
  return {
    input: {
      name: input.name,
      elementType: elementType ?? `element type ${tensor.elemType}`,
      shape: tensor.shape?.dim?.map(({ dimValue, dimParam }) => dimParam || (dimValue ?? "?")) ?? [],
    },
    operators,
  };
}
