import assert from "node:assert/strict";
import { test } from "node:test";
import { createInputBuffers } from "../../../src/function/model/input-buffers.ts";

const SIZE = { height: 4, width: 6 };

test("the input's tensor is a view of its pixel values, in the graph's type and shape", () => {
  for (const elementType of ["float32", "uint8"] as const) {
    for (const layout of ["NCHW", "NHWC"] as const) {
      const { pixelValues, feeds } = createInputBuffers({
        name: "x",
        elementType,
        layout,
        channels: 3,
        ...SIZE,
      });
      assert.equal(pixelValues.length, 72);
      assert.ok(pixelValues instanceof (elementType === "float32" ? Float32Array : Uint8Array));
      const { x } = feeds;
      assert.equal(x?.type, elementType);
      assert.deepEqual(x?.dims, layout === "NCHW" ? [1, 3, 4, 6] : [1, 4, 6, 3]);
      assert.equal(x?.data, pixelValues);
    }
  }
});

test("two of them share nothing", () => {
  const input = { name: "x", elementType: "float32", layout: "NCHW", channels: 3, ...SIZE } as const;
  const [a, b] = [createInputBuffers(input), createInputBuffers(input)];
  assert.notEqual(a.pixelValues.buffer, b.pixelValues.buffer);
});
