import assert from "node:assert/strict";
import { test } from "node:test";
import { fields, list, ofType, parameters, resources, type Value } from "./read.ts";
import { functionParameters, parametersOf, VersionDescription } from "./versioned.ts";

test("every parameter that a version depends on is in its description, whose change makes a new version", () => {
  assert.ok(functionParameters.length > 10);
  assert.deepEqual([...parametersOf(VersionDescription)].sort(), functionParameters);
});

/** The longest text that a parameter's constraints allow. */
function longest(name: string): number {
  const { AllowedValues, MaxValue, AllowedPattern } = fields(parameters[name], name);
  if (AllowedValues !== undefined)
    return Math.max(...list(AllowedValues).map((value) => String(value).length));
  if (MaxValue !== undefined) return String(MaxValue).length;
  const parts = String(AllowedPattern)
    .replace(/^\((.*)\)\?$/, "$1")
    .replaceAll("(https?://", "https://")
    .replaceAll("https?", "https");
  // A class with a repetition, a class alone, or a character.
  return [...parts.matchAll(/\[[^\]]+\](?:\{\d+(?:,(\d+))?\})?|\{(\d+)\}|[^[\]{}]/g)].reduce(
    (sum, [token, most]) =>
      sum + (most === undefined ? Number(/\{(\d+)\}$/.exec(token)?.[1] ?? 1) : Number(most)),
    0,
  );
}

/** How long a part of the description can be. */
function longestPart(part: Value): number {
  if (typeof part === "string") return part.length;
  const { Ref: reference, "Fn::If": choice, "Fn::Join": join } = fields(part);
  if (typeof reference === "string") return longest(reference);
  if (choice !== undefined) return Math.max(...list(choice).slice(1).map(longestPart));
  const [separator, parts] = list(join);
  const lengths = list(parts).map(longestPart);
  return lengths.reduce((sum, length) => sum + length, 0) + (lengths.length - 1) * String(separator).length;
}

test("the description stays within Lambda's 256 characters, whatever the parameters", (t) => {
  const length = longestPart(VersionDescription ?? "");
  t.diagnostic(`up to ${length} characters`);
  assert.ok(length > 100 && length <= 256, `up to ${length} characters`);
});

test("the longest value of a parameter is computed from its pattern", () => {
  for (const [name, example] of [
    ["ServiceName", "a".repeat(32)],
    ["ModelName", "m".repeat(40)],
    ["BackgroundColor", "#123456"],
    ["S3EndpointUrl", `https://${"e".repeat(92)}`],
  ] as const) {
    const pattern = new RegExp(`^(?:${fields(parameters[name]).AllowedPattern})$`);
    assert.match(example, pattern, name);
    assert.doesNotMatch(`${example}a`, pattern, name);
    assert.equal(longest(name), example.length, name);
  }
});

test("a layer's content makes a new version, and its name is the service's own", () => {
  for (const [id, layer] of ofType("AWS::Serverless::LayerVersion")) {
    assert.equal(layer.PublishLambdaVersion, true, id);
    assert.match(String(fields(layer.LayerName)["Fn::Sub"]), /^\$\{ServiceName\}-\w+$/, id);
  }
  const names = ofType("AWS::Serverless::LayerVersion").map(
    ([, { LayerName }]) => fields(LayerName)["Fn::Sub"],
  );
  assert.equal(new Set(names).size, names.length);
});

test("what is replaced by an update stays, so that it can be rolled back to", () => {
  for (const id of ["ClassifierFunction", "NativeLayer", "ModelLayer"]) {
    assert.equal(fields(resources[id]).UpdateReplacePolicy, "Retain", id);
  }
});
