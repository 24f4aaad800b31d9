import protobuf from "protobufjs/light.js";

/**
 * The messages and fields of onnx.proto3 that a converted classifier needs, by their published numbers
 * (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3). Fields that are not listed are skipped on
 * reading, as protobuf does with unknown ones.
 */
const SCHEMA: protobuf.INamespace = {
  nested: {
    ModelProto: {
      fields: {
        irVersion: { id: 1, type: "int64" },
        producerName: { id: 2, type: "string" },
        producerVersion: { id: 3, type: "string" },
        docString: { id: 6, type: "string" },
        graph: { id: 7, type: "GraphProto" },
        opsetImport: { id: 8, rule: "repeated", type: "OperatorSetIdProto" },
        metadataProps: { id: 14, rule: "repeated", type: "StringStringEntryProto" },
      },
    },
    OperatorSetIdProto: { fields: { domain: { id: 1, type: "string" }, version: { id: 2, type: "int64" } } },
    StringStringEntryProto: { fields: { key: { id: 1, type: "string" }, value: { id: 2, type: "string" } } },
    GraphProto: {
      fields: {
        node: { id: 1, rule: "repeated", type: "NodeProto" },
        name: { id: 2, type: "string" },
        initializer: { id: 5, rule: "repeated", type: "TensorProto" },
        input: { id: 11, rule: "repeated", type: "ValueInfoProto" },
        output: { id: 12, rule: "repeated", type: "ValueInfoProto" },
      },
    },
    NodeProto: {
      fields: {
        input: { id: 1, rule: "repeated", type: "string" },
        output: { id: 2, rule: "repeated", type: "string" },
        name: { id: 3, type: "string" },
        opType: { id: 4, type: "string" },
        attribute: { id: 5, rule: "repeated", type: "AttributeProto" },
        domain: { id: 7, type: "string" },
      },
    },
    AttributeProto: {
      fields: {
        name: { id: 1, type: "string" },
        f: { id: 2, type: "float" },
        i: { id: 3, type: "int64" },
        s: { id: 4, type: "bytes" },
        ints: { id: 8, rule: "repeated", type: "int64" },
        type: { id: 20, type: "int32" },
      },
    },
    TensorProto: {
      fields: {
        dims: { id: 1, rule: "repeated", type: "int64" },
        dataType: { id: 2, type: "int32" },
        name: { id: 8, type: "string" },
        rawData: { id: 9, type: "bytes" },
      },
    },
    ValueInfoProto: { fields: { name: { id: 1, type: "string" }, type: { id: 2, type: "TypeProto" } } },
    TypeProto: { fields: { tensorType: { id: 1, type: "TensorTypeProto" } } },
    TensorTypeProto: {
      fields: { elemType: { id: 1, type: "int32" }, shape: { id: 2, type: "TensorShapeProto" } },
    },
    TensorShapeProto: { fields: { dim: { id: 1, rule: "repeated", type: "DimensionProto" } } },
    DimensionProto: { fields: { dimValue: { id: 1, type: "int64" }, dimParam: { id: 2, type: "string" } } },
  },
};

export const ModelProto: protobuf.Type = protobuf.Root.fromJSON(SCHEMA).lookupType("ModelProto");

/** TensorProto.DataType. */
export const DATA_TYPE = {
  float32: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  int64: 7,
  float16: 10,
  float64: 11,
} as const;
export type ElementType = keyof typeof DATA_TYPE;

/** AttributeProto.AttributeType. */
export const ATTRIBUTE_TYPE = { FLOAT: 1, INT: 2, INTS: 7 } as const;
