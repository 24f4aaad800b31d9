import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { stripVTControlCharacters } from "node:util";
import { createRenderer } from "../../../src/local/command/render.ts";

test("what the further heads of a model say stands behind its label", () => {
  const renderer = createRenderer(new PassThrough() as unknown as NodeJS.WriteStream);
  const line = renderer.outcome({
    ...{ name: "a.png", key: "a.png" },
    document: {
      status: "classified",
      predictions: [{ label: "invoice", score: 0.9 }],
      heads: [
        { name: "upload-triage", predictions: [{ label: "document", score: 0.981 }] },
        { name: "paper", predictions: [] },
      ],
    },
  });
  assert.match(line, /invoice +90\.0% +upload-triage: document 98\.1%/);
  assert.doesNotMatch(line, /paper/);
});

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
  assert.match(line(true), /desk\.png +unknown +nearest: iris 40\.0%/);
  assert.match(line(false), /desk\.png +iris +40\.0%/);
});

test("what stands behind the label begins in the same column, whether it is known or unknown, cut or whole", () => {
  const terminal = Object.assign(new PassThrough(), { isTTY: true, columns: 90 });
  for (const stream of [new PassThrough(), terminal] as unknown as NodeJS.WriteStream[]) {
    const renderer = createRenderer(stream, ["a.png"]);
    const at = (label: string, isUnknown: boolean, behind: RegExp) =>
      stripVTControlCharacters(
        renderer.outcome({
          ...{ name: "a.png", key: "a.png" },
          document: { status: "classified", predictions: [{ label, score: 1 }], unknown: { isUnknown } },
        }),
      ).search(behind);
    const column = at("photo", false, /100\.0%/);
    assert.ok(column > 0);
    assert.equal(at("screenshot", true, /nearest/) - "100.0%  ".length, column);
  }
});
