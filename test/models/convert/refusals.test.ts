import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { convertModel } from "../../../src/models/convert/graph.ts";
import { CommandError } from "../../../src/models/errors.ts";
import { readTflite } from "../../../src/models/tflite/reader.ts";
import { type Layer, Network } from "../network.ts";

function convert(tflite: Uint8Array) {
  const model = readTflite(tflite);
  const pixels = { scale: [1 / 128, 1 / 128, 1 / 128], offset: [-1, -1, -1] };
  return convertModel(model, { weights: "fast", input: "float32", pixels, name: "test" });
}

function refuses(tflite: Uint8Array, code: CommandError["code"], message: RegExp): void {
  assert.throws(
    () => convert(tflite),
    (error) => error instanceof CommandError && error.code === code && message.test(error.message),
  );
}

/** input 8×8×3 → one layer → output of the given quantisation. */
function oneLayer(
  layer: Omit<Layer, "inputs" | "output">,
  shape: number[],
  scale: number,
  zeroPoint: number,
): Network {
  const net = new Network(1);
  const x = net.input(8);
  const isConvolution = layer.op === "CONV_2D";
  const inputs = isConvolution ? [x, net.weights([4, 1, 1, 3], 0.02), net.bias(4)] : [x];
  net.layer({ ...layer, inputs, output: net.activation(shape, scale, zeroPoint) });
  return net;
}

describe("what cannot be imported is refused by name", () => {
  test("an operator outside the list is named", () => {
    const net = oneLayer({ op: "SPACE_TO_DEPTH" }, [1, 4, 4, 12], 0.01, 128);
    refuses(net.toTflite(), "MODEL_UNSUPPORTED", /cannot import SPACE_TO_DEPTH: .*ONNX/);
  });

  test("a transformer is told where to go", () => {
    const net = oneLayer({ op: "BATCH_MATMUL" }, [1, 8, 8, 3], 0.01, 128);
    refuses(net.toTflite(), "MODEL_UNSUPPORTED", /cannot import BATCH_MATMUL: transformers .*optimum-cli/);
  });

  test("a custom operator is named by its custom code", () => {
    const net = oneLayer({ op: "CUSTOM" }, [1, 8, 8, 3], 0.01, 128);
    refuses(net.toTflite(), "MODEL_UNSUPPORTED", /cannot import CUSTOM MyOperator:/);
  });

  test("an operator that the output does not depend on is not looked at", () => {
    const net = oneLayer({ op: "CONV_2D" }, [1, 8, 8, 4], 0.03, 128);
    const output = net.outputIndex;
    net.layer({ op: "CUSTOM", inputs: [output], output: net.activation([1, 8, 8, 4], 0.03, 128) });
    assert.equal(convert(net.toTflite([output])).labelCount, 256);
  });

  test("a fused TANH is refused", () => {
    const net = oneLayer({ op: "CONV_2D", activation: "TANH" }, [1, 8, 8, 4], 0.03, 128);
    refuses(net.toTflite(), "MODEL_UNSUPPORTED", /CONV_2D fused with TANH/);
  });

  test("weights that are computed are refused by name", () => {
    const net = new Network(3);
    const x = net.input(4);
    net.layer({ op: "CONV_2D", inputs: [x, x], output: net.activation([1, 4, 4, 3], 0.01, 128) });
    refuses(net.toTflite(), "MODEL_UNSUPPORTED", /the weights tensor_0 to be constant/);
  });

  test("activations of 16 bits are refused with what they are", () => {
    const net = new Network(4);
    const x = net.input(4);
    const output = net.tensor({ shape: [1, 4, 4, 3], type: "INT32", scales: [0.1], zeroPoints: [0] });
    net.layer({ op: "MAX_POOL_2D", inputs: [x], output, filter: 2 });
    refuses(net.toTflite(), "MODEL_UNSUPPORTED", /float32, or uint8 or int8 with one scale, got INT32/);
  });

  test("a batch of more than one image is refused", () => {
    const net = new Network(6);
    const x = net.activation([4, 8, 8, 3], 0.01, 128);
    net.beginAt(x);
    net.layer({ op: "RESHAPE", inputs: [x], output: net.activation([4, 192], 0.01, 128) });
    refuses(net.toTflite(), "MODEL_UNSUPPORTED", /got \[4,8,8,3\]/);
  });

  test("an input that is no square RGB picture is refused", () => {
    const net = new Network(5);
    const x = net.activation([1, 8, 6, 3], 0.01, 128);
    net.layer({ op: "RESHAPE", inputs: [x], output: net.activation([1, 144], 0.01, 128) });
    refuses(net.toTflite(), "MODEL_UNSUPPORTED", /input \[1, S, S, 3\], .*got \[1,8,6,3\]/);
  });
});

describe("a file that is no whole TFLite file is refused as unreadable", () => {
  test("another kind of file is named by its identifier", () => {
    refuses(
      Buffer.from("PK\u0003\u0004 a zip file"),
      "FILE_UNREADABLE",
      /identifier TFL3 at byte 4\), got "/,
    );
  });

  test("an empty file is refused", () => {
    refuses(new Uint8Array(), "FILE_UNREADABLE", /identifier/);
  });

  test("every way of cutting a file short is a coded error, never a crash or a model", () => {
    const whole = oneLayer({ op: "CONV_2D" }, [1, 8, 8, 4], 0.03, 128).toTflite();
    for (let length = 8; length < whole.length; length += 7) {
      assert.throws(
        () => convert(whole.subarray(0, length)),
        (error) => error instanceof CommandError,
        `cut at ${length} of ${whole.length}`,
      );
    }
  });

  test("a file with random damage converts or is a coded error, never a crash", () => {
    const net = oneLayer({ op: "CONV_2D" }, [1, 8, 8, 4], 0.03, 128);
    const whole = net.toTflite();
    let refused = 0;
    for (let round = 0; round < 500; round++) {
      const damaged = Uint8Array.from(whole);
      const at = 8 + Math.floor(net.random() * (whole.length - 8));
      damaged[at] = Math.floor(256 * net.random());
      try {
        convert(damaged);
      } catch (error) {
        assert.ok(error instanceof CommandError, `byte ${at}: ${error}`);
        refused++;
      }
    }
    assert.ok(refused > 50, `only ${refused} of 500 were refused`);
  });
});
