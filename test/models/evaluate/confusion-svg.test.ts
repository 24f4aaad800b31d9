import assert from "node:assert/strict";
import { test } from "node:test";
import { XMLParser, XMLValidator } from "fast-xml-parser";
import { measureAccuracy } from "../../../src/models/evaluate/accuracy.ts";
import { drawConfusionMatrix } from "../../../src/models/evaluate/confusion-svg.ts";

const LABELS = ["cat", "dog & co", "<none>"];

function draw(): string {
  const judgements = [
    ...Array.from({ length: 7 }, () => ({ label: "cat", predictions: [{ label: "cat", score: 0.9 }] })),
    ...Array.from({ length: 3 }, () => ({ label: "cat", predictions: [{ label: "dog & co", score: 0.9 }] })),
    { label: "dog & co", predictions: [{ label: "dog & co", score: 0.9 }] },
  ];
  return drawConfusionMatrix(measureAccuracy(judgements, 1), LABELS, "A model");
}

test("a confusion matrix is well-formed SVG, whatever characters the labels have", () => {
  assert.equal(XMLValidator.validate(draw()), true);
});

test("it shows each label twice, each count once, and the recall of each row that has pictures", () => {
  const { svg } = new XMLParser({ ignoreAttributes: false, parseTagValue: false }).parse(draw());
  const texts: string[] = svg.text.map((text: { "#text": string }) => text["#text"]);
  for (const label of LABELS) assert.equal(texts.filter((text) => text === label).length, 2, label);
  assert.deepEqual(
    ["7", "3", "1", "70.0%", "100.0%", "–"].map((count) => texts.filter((text) => text === count).length),
    [1, 1, 1, 1, 1, 1],
  );
});

test("it has a square a pair of labels, right ones blue, wrong ones orange, empty ones white", () => {
  const fills = [...draw().matchAll(/<rect x="\d+" y="\d+" width="54" height="54" fill="([^"]+)"/g)].map(
    ([, fill]) => fill,
  );
  assert.equal(fills.length, 9);
  const channels = (fill: string | undefined) => (fill?.match(/\d+/g) ?? []).map(Number);
  const [blueR = 0, , blueB = 0] = channels(fills[0]);
  const [orangeR = 0, , orangeB = 0] = channels(fills[1]);
  assert.ok(blueB > blueR && orangeR > orangeB);
  assert.equal(fills[2], "#ffffff");
});
