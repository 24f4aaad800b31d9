import protobuf from "protobufjs/light.js";

/**
 * The messages and fields of onnx.proto3, by their published numbers
 * (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3). Messages that nothing here looks into are bytes, so that a
 * graph that is read and written again loses nothing.
 */
const SCHEMA: protobuf.INamespace = {
  nested: {
    ModelProto: {
      fields: {
        irVersion: { id: 1, type: "int64" },
        producerName: { id: 2, type: "string" },
        producerVersion: { id: 3, type: "string" },
        domain: { id: 4, type: "string" },
        modelVersion: { id: 5, type: "int64" },
        docString: { id: 6, type: "string" },
        graph: { id: 7, type: "GraphProto" },
        opsetImport: { id: 8, rule: "repeated", type: "OperatorSetIdProto" },
        metadataProps: { id: 14, rule: "repeated", type: "StringStringEntryProto" },
        trainingInfo: { id: 20, rule: "repeated", type: "bytes" },
        functions: { id: 25, rule: "repeated", type: "bytes" },
        configuration: { id: 26, rule: "repeated", type: "bytes" },
      },
    },
    OperatorSetIdProto: { fields: { domain: { id: 1, type: "string" }, version: { id: 2, type: "int64" } } },
    StringStringEntryProto: { fields: { key: { id: 1, type: "string" }, value: { id: 2, type: "string" } } },
    GraphProto: {
      fields: {
        node: { id: 1, rule: "repeated", type: "NodeProto" },
        name: { id: 2, type: "string" },
        initializer: { id: 5, rule: "repeated", type: "TensorProto" },
        docString: { id: 10, type: "string" },
        input: { id: 11, rule: "repeated", type: "ValueInfoProto" },
        output: { id: 12, rule: "repeated", type: "ValueInfoProto" },
        valueInfo: { id: 13, rule: "repeated", type: "ValueInfoProto" },
        quantizationAnnotation: { id: 14, rule: "repeated", type: "bytes" },
        sparseInitializer: { id: 15, rule: "repeated", type: "bytes" },
        metadataProps: { id: 16, rule: "repeated", type: "bytes" },
      },
    },
    NodeProto: {
      fields: {
        input: { id: 1, rule: "repeated", type: "string" },
        output: { id: 2, rule: "repeated", type: "string" },
        name: { id: 3, type: "string" },
        opType: { id: 4, type: "string" },
        attribute: { id: 5, rule: "repeated", type: "AttributeProto" },
        docString: { id: 6, type: "string" },
        domain: { id: 7, type: "string" },
        overload: { id: 8, type: "string" },
        metadataProps: { id: 9, rule: "repeated", type: "bytes" },
        deviceConfigurations: { id: 10, rule: "repeated", type: "bytes" },
      },
    },
    AttributeProto: {
      fields: {
        name: { id: 1, type: "string" },
        f: { id: 2, type: "float" },
        i: { id: 3, type: "int64" },
        s: { id: 4, type: "bytes" },
        t: { id: 5, type: "TensorProto" },
        g: { id: 6, type: "bytes" },
        floats: { id: 7, rule: "repeated", type: "float" },
        ints: { id: 8, rule: "repeated", type: "int64" },
        strings: { id: 9, rule: "repeated", type: "bytes" },
        tensors: { id: 10, rule: "repeated", type: "bytes" },
        graphs: { id: 11, rule: "repeated", type: "bytes" },
        docString: { id: 13, type: "string" },
        tp: { id: 14, type: "bytes" },
        typeProtos: { id: 15, rule: "repeated", type: "bytes" },
        type: { id: 20, type: "int32" },
        refAttrName: { id: 21, type: "string" },
        sparseTensor: { id: 22, type: "bytes" },
        sparseTensors: { id: 23, rule: "repeated", type: "bytes" },
      },
    },
    TensorProto: {
      fields: {
        dims: { id: 1, rule: "repeated", type: "int64" },
        dataType: { id: 2, type: "int32" },
        segment: { id: 3, type: "bytes" },
        floatData: { id: 4, rule: "repeated", type: "float" },
        int32Data: { id: 5, rule: "repeated", type: "int32" },
        stringData: { id: 6, rule: "repeated", type: "bytes" },
        int64Data: { id: 7, rule: "repeated", type: "int64" },
        name: { id: 8, type: "string" },
        rawData: { id: 9, type: "bytes" },
        doubleData: { id: 10, rule: "repeated", type: "double" },
        uint64Data: { id: 11, rule: "repeated", type: "uint64" },
        docString: { id: 12, type: "string" },
        externalData: { id: 13, rule: "repeated", type: "StringStringEntryProto" },
        dataLocation: { id: 14, type: "int32" },
        metadataProps: { id: 16, rule: "repeated", type: "bytes" },
      },
    },
    ValueInfoProto: {
      fields: {
        name: { id: 1, type: "string" },
        type: { id: 2, type: "TypeProto" },
        docString: { id: 3, type: "string" },
        metadataProps: { id: 4, rule: "repeated", type: "bytes" },
      },
    },
    TypeProto: {
      fields: {
        tensorType: { id: 1, type: "TensorTypeProto" },
        sequenceType: { id: 4, type: "bytes" },
        mapType: { id: 5, type: "bytes" },
        denotation: { id: 6, type: "string" },
        sparseTensorType: { id: 8, type: "bytes" },
        optionalType: { id: 9, type: "bytes" },
      },
    },
    TensorTypeProto: {
      fields: { elemType: { id: 1, type: "int32" }, shape: { id: 2, type: "TensorShapeProto" } },
    },
    TensorShapeProto: { fields: { dim: { id: 1, rule: "repeated", type: "DimensionProto" } } },
    DimensionProto: {
      fields: {
        dimValue: { id: 1, type: "int64" },
        dimParam: { id: 2, type: "string" },
        denotation: { id: 3, type: "string" },
      },
    },
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
export const ATTRIBUTE_TYPE = {
  FLOAT: 1,
  INT: 2,
  STRING: 3,
  TENSOR: 4,
  GRAPH: 5,
  INTS: 7,
  GRAPHS: 10,
} as const;
