import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { convertModel } from "../../../src/models/convert/graph.ts";
import { CommandError } from "../../../src/models/errors.ts";
import { readTflite } from "../../../src/models/tflite/reader.ts";
import { type Layer, Network } from "../network.ts";

function convert(tflite: Uint8Array) {
  return convertModel(readTflite(tflite), { weights: "fast", input: "float32", name: "test" });
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
    const net = oneLayer({ op: "MAX_POOL_2D", filter: 2 }, [1, 4, 4, 3], 0.01, 128);
    refuses(net.toTflite(), "MODEL_UNSUPPORTED", /cannot import MAX_POOL_2D:/);
  });

  test("a custom operator is named by its custom code", () => {
    const net = oneLayer({ op: "CUSTOM" }, [1, 8, 8, 3], 0.01, 128);
    refuses(net.toTflite(), "MODEL_UNSUPPORTED", /cannot import CUSTOM MyOperator:/);
  });

  test("a RELU6 whose output range is not [0, 6] is refused, because saturation would not clamp", () => {
    for (const [scale, zeroPoint] of [
      [0.03, 0],
      [6 / 255, 3],
    ] as const) {
      const net = oneLayer({ op: "CONV_2D", activation: "RELU6" }, [1, 8, 8, 4], scale, zeroPoint);
      refuses(net.toTflite(), "MODEL_UNSUPPORTED", /output range of tensor_\d+ to be that of its RELU6/);
    }
  });

  test("a RELU whose output may be negative is refused", () => {
    const net = oneLayer({ op: "CONV_2D", activation: "RELU" }, [1, 8, 8, 4], 0.03, 10);
    refuses(net.toTflite(), "MODEL_UNSUPPORTED", /that of its RELU/);
  });

  test("an ADD that broadcasts is refused", () => {
    const net = new Network(2);
    const x = net.input(4);
    const pooled = net.activation([1, 1, 1, 3], 1 / 128, 128);
    net.layer({ op: "AVERAGE_POOL_2D", inputs: [x], output: pooled, filter: 4, padding: "VALID" });
    net.layer({ op: "ADD", inputs: [x, pooled], output: net.activation([1, 4, 4, 3], 0.02, 128) });
    refuses(net.toTflite(), "MODEL_UNSUPPORTED", /ADD of equal shapes, got \[1,4,4,3\] and \[1,1,1,3\]/);
  });

  test("a SOFTMAX in the middle is refused", () => {
    const net = oneLayer({ op: "SOFTMAX" }, [1, 8, 8, 3], 1 / 256, 0);
    const [softmax] = net.layers;
    net.layer({
      op: "RESHAPE",
      inputs: [softmax?.output ?? -1],
      output: net.activation([1, 192], 1 / 256, 0),
    });
    refuses(net.toTflite(), "MODEL_UNSUPPORTED", /SOFTMAX as the last operator/);
  });

  test("MEAN over channels is refused", () => {
    const net = new Network(3);
    const x = net.input(4);
    net.layer({ op: "MEAN", inputs: [x, net.constant([3])], output: net.activation([1, 4, 4], 0.01, 128) });
    refuses(net.toTflite(), "MODEL_UNSUPPORTED", /axes 1, 2 of 4\), got axes 3/);
  });

  test("a float32 model is refused with the advice to import a quantised one", () => {
    const net = new Network(4);
    const x = net.tensor({ shape: [1, 8, 8, 3], type: "FLOAT32" });
    net.beginAt(x);
    net.layer({ op: "RESHAPE", inputs: [x], output: net.tensor({ shape: [1, 192], type: "FLOAT32" }) });
    refuses(net.toTflite(), "MODEL_UNSUPPORTED", /got FLOAT32 .* import a quantised file/);
  });

  test("an input that is no square RGB picture is refused", () => {
    const net = new Network(5);
    const x = net.activation([1, 8, 6, 3], 0.01, 128);
    net.layer({ op: "RESHAPE", inputs: [x], output: net.activation([1, 144], 0.01, 128) });
    refuses(net.toTflite(), "MODEL_UNSUPPORTED", /input \[1, S, S, 3\], got \[1,8,6,3\]/);
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
