import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { createRenderer } from "../../../src/local/command/render.ts";

test("an image that is like no label of a taught model is shown as unknown, with the nearest label", () => {
  const renderer = createRenderer(new PassThrough() as unknown as NodeJS.WriteStream);
  const line = (isUnknown: boolean) =>
    renderer.outcome({
      ...{ name: "desk.png", key: "desk.png" },
      document: {
        status: "classified",
        predictions: [{ label: "iris", score: 0.4 }],
        unknown: { isUnknown },
      },
    });
  assert.match(line(true), /desk\.png +unknown: iris +40\.0%/);
  assert.match(line(false), /desk\.png +iris +40\.0%/);
});
