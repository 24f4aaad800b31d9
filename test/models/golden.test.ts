import { describeGolden } from "./golden.ts";

describeGolden("mobilenet_v1_0.25_128_quant");
