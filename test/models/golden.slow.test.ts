import { describeGolden } from "./golden.ts";

for (const model of ["mobilenet_v2_1.0_224_quant", "mobilenet_v1_0.75_192_quant"]) describeGolden(model);
