import assert from "node:assert/strict";
import { test } from "node:test";
import { fields, list, ofType, parameters, resources, type Value } from "./read.ts";
import { functionParameters, parametersOf, VersionDescription } from "./versioned.ts";

test("every parameter that a version depends on is in its description, whose change makes a new version", () => {
  assert.ok(functionParameters.length > 10);
  assert.deepEqual([...parametersOf(VersionDescription)].sort(), functionParameters);
});

/** The longest text of each parameter that has a pattern. */
const LONGEST: Readonly<Record<string, string>> = {
  ServiceName: "a".repeat(32),
  ModelName: "m".repeat(40),
  Formats: "jpeg,png,webp,gif,avif,heic",
  BackgroundColor: "#123456",
  S3EndpointUrl: `https://${"e".repeat(92)}`,
};

function longest(name: string): string {
  const { AllowedValues, MaxValue } = fields(parameters[name], name);
  const values = AllowedValues === undefined ? [MaxValue ?? LONGEST[name]] : list(AllowedValues);
  return values.map(String).reduce((a, b) => (b.length > a.length ? b : a));
}

/** The longest text, or list of texts, that a part of the description can become. */
function expand(part: Value | undefined): string | string[] {
  if (typeof part === "string") return part;
  const texts = (values: Value | undefined) =>
    Array.isArray(values) ? values.map((value) => String(expand(value))) : (expand(values) as string[]);
  const { Ref: reference, ...functions } = fields(part);
  if (typeof reference === "string") return longest(reference);
  const [[name, argument] = []] = Object.entries(functions);
  const [first, second, third] = list(argument);
  switch (name) {
    case "Fn::If":
      return texts([second ?? "", third ?? ""]).reduce((a, b) => (b.length > a.length ? b : a));
    case "Fn::Join":
      return texts(second).join(String(first));
    case "Fn::Split":
      return String(expand(second)).split(String(first));
    case "Fn::Select":
      return texts(second)[Number(first)] ?? assert.fail(`nothing at ${first}`);
    default:
      return assert.fail(`${name} is not expected in the description`);
  }
}

test("the description stays within Lambda's 256 characters, whatever the parameters", (t) => {
  const { length } = String(expand(VersionDescription));
  t.diagnostic(`up to ${length} characters`);
  assert.ok(length > 100 && length <= 256, `up to ${length} characters`);
});

test("every format has a letter of its own in the description", () => {
  assert.match(String(expand(VersionDescription)), /\|JPWGAH/);
});

for (const [name, example] of Object.entries(LONGEST)) {
  test(`the longest value of ${name} is the longest that its pattern allows`, () => {
    const pattern = new RegExp(`^(?:${fields(parameters[name]).AllowedPattern})$`);
    assert.match(example, pattern);
    assert.doesNotMatch(`${example}a`, pattern);
  });
}

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
