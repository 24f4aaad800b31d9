/**
 * The parts of TensorFlow Lite's FlatBuffers schema (schema v3, file identifier TFL3) that the importer
 * reads. Numbers are the schema's field ids and enum values; a field's vtable slot is `4 + 2 · id`.
 */
export const FILE_IDENTIFIER = "TFL3";

export const FIELD = {
  model: { operatorCodes: 1, subgraphs: 2, buffers: 4 },
  operatorCode: { deprecatedBuiltinCode: 0, customCode: 1, builtinCode: 3 },
  subgraph: { tensors: 0, inputs: 1, outputs: 2, operators: 3 },
  tensor: { shape: 0, type: 1, buffer: 2, name: 3, quantization: 4 },
  quantization: { scale: 2, zeroPoint: 3, quantizedDimension: 6 },
  buffer: { data: 0 },
  operator: { opcodeIndex: 0, inputs: 1, outputs: 2, builtinOptions: 4 },
  conv2D: { padding: 0, strideW: 1, strideH: 2, activation: 3, dilationW: 4, dilationH: 5 },
  depthwiseConv2D: {
    padding: 0,
    strideW: 1,
    strideH: 2,
    depthMultiplier: 3,
    activation: 4,
    dilationW: 5,
    dilationH: 6,
  },
  pool2D: { padding: 0, strideW: 1, strideH: 2, filterWidth: 3, filterHeight: 4, activation: 5 },
  add: { activation: 0 },
  fullyConnected: { activation: 0, weightsFormat: 1 },
} as const;

export const TENSOR_TYPES = ["FLOAT32", "FLOAT16", "INT32", "UINT8", "INT64", "STRING", "BOOL", "INT16"];
export const TENSOR_TYPE_INT8 = 9;

export const PADDINGS = ["SAME", "VALID"] as const;
export type Padding = (typeof PADDINGS)[number];

export const ACTIVATIONS = ["NONE", "RELU", "RELU_N1_TO_1", "RELU6", "TANH", "SIGN_BIT"] as const;
export type Activation = (typeof ACTIVATIONS)[number];

/** BuiltinOperator values of the operators that can be imported. */
export const OPERATOR_CODE = {
  ADD: 0,
  AVERAGE_POOL_2D: 1,
  CONV_2D: 3,
  DEPTHWISE_CONV_2D: 4,
  DEQUANTIZE: 6,
  FULLY_CONNECTED: 9,
  RESHAPE: 22,
  SOFTMAX: 25,
  PAD: 34,
  MEAN: 40,
  SQUEEZE: 43,
  QUANTIZE: 114,
} as const;
export type OperatorName = keyof typeof OPERATOR_CODE;

/** BuiltinOperator names in order of their value, so that a refusal can name what it met. */
const OPERATOR_NAMES = `
  ADD AVERAGE_POOL_2D CONCATENATION CONV_2D DEPTHWISE_CONV_2D DEPTH_TO_SPACE DEQUANTIZE EMBEDDING_LOOKUP FLOOR
  FULLY_CONNECTED HASHTABLE_LOOKUP L2_NORMALIZATION L2_POOL_2D LOCAL_RESPONSE_NORMALIZATION LOGISTIC
  LSH_PROJECTION LSTM MAX_POOL_2D MUL RELU RELU_N1_TO_1 RELU6 RESHAPE RESIZE_BILINEAR RNN SOFTMAX
  SPACE_TO_DEPTH SVDF TANH CONCAT_EMBEDDINGS SKIP_GRAM CALL CUSTOM EMBEDDING_LOOKUP_SPARSE PAD
  UNIDIRECTIONAL_SEQUENCE_RNN GATHER BATCH_TO_SPACE_ND SPACE_TO_BATCH_ND TRANSPOSE MEAN SUB DIV SQUEEZE
  UNIDIRECTIONAL_SEQUENCE_LSTM STRIDED_SLICE BIDIRECTIONAL_SEQUENCE_RNN EXP TOPK_V2 SPLIT LOG_SOFTMAX DELEGATE
  BIDIRECTIONAL_SEQUENCE_LSTM CAST PRELU MAXIMUM ARG_MAX MINIMUM LESS NEG PADV2 GREATER GREATER_EQUAL LESS_EQUAL
  SELECT SLICE SIN TRANSPOSE_CONV SPARSE_TO_DENSE TILE EXPAND_DIMS EQUAL NOT_EQUAL LOG SUM SQRT RSQRT SHAPE POW
  ARG_MIN FAKE_QUANT REDUCE_PROD REDUCE_MAX PACK LOGICAL_OR ONE_HOT LOGICAL_AND LOGICAL_NOT UNPACK REDUCE_MIN
  FLOOR_DIV REDUCE_ANY SQUARE ZEROS_LIKE FILL FLOOR_MOD RANGE RESIZE_NEAREST_NEIGHBOR LEAKY_RELU
  SQUARED_DIFFERENCE MIRROR_PAD ABS SPLIT_V UNIQUE CEIL REVERSE_V2 ADD_N GATHER_ND COS WHERE RANK ELU
  REVERSE_SEQUENCE MATRIX_DIAG QUANTIZE MATRIX_SET_DIAG ROUND HARD_SWISH IF WHILE
`
  .trim()
  .split(/\s+/);

/** Name of a BuiltinOperator value; values newer than this list are named by number. */
export function operatorName(code: number): string {
  return OPERATOR_NAMES[code] ?? `operator code ${code}`;
}

export function isImportable(name: string): name is OperatorName {
  return Object.hasOwn(OPERATOR_CODE, name);
}
