import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { VERSION_DIMENSION } from "../../src/function/metrics.ts";
import {
  type Fields,
  fields,
  list,
  ofType,
  parameters,
  properties,
  resources,
  source,
  template,
  type Value,
  walk,
} from "./read.ts";

/** Properties that belong to no version: how the function is invoked and rolled out. */
const UNVERSIONED = [
  "Events",
  "EventInvokeConfig",
  "DeploymentPreference",
  "ReservedConcurrentExecutions",
  "VersionDescription",
];

/** The parameters that a value depends on, also through conditions. */
function parametersOf(value: Fields[string] | undefined): Set<string> {
  const found = new Set<string>();
  walk(value, (node) => {
    const { Ref: reference, "Fn::Sub": text, "Fn::If": choice, Condition: condition } = node;
    if (typeof reference === "string" && reference in parameters) found.add(reference);
    for (const [, name] of JSON.stringify(text ?? "").matchAll(/\$\{(\w+)\}/g)) {
      if (name !== undefined && name in parameters) found.add(name);
    }
    for (const name of [list(choice)[0], condition]) {
      if (typeof name !== "string") continue;
      for (const inner of parametersOf(fields(template.Conditions)[name])) found.add(inner);
    }
  });
  return found;
}

const versioned = Object.fromEntries(
  Object.entries(properties("ClassifierFunction")).filter(([name]) => !UNVERSIONED.includes(name)),
);
const functionParameters = [
  ...parametersOf([versioned, ...ofType("AWS::Serverless::LayerVersion").map(([, layer]) => layer)]),
].sort();
const { VersionDescription } = properties("ClassifierFunction");

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

const python = spawnSync("python3", ["-c", "import samtranslator"], { encoding: "utf8" });
const skip = python.status === 0 ? false : "the Python package aws-sam-translator is not installed";

interface Case {
  readonly template: string;
  readonly parameters: Readonly<Record<string, string>>;
}

function transform(cases: readonly Case[]): Fields[] {
  const { status, stdout, stderr } = spawnSync("python3", [join(import.meta.dirname, "transform.py")], {
    input: JSON.stringify(cases),
    encoding: "utf8",
    maxBuffer: 2 ** 28,
  });
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout);
}

/** The template as `sam package` leaves it: code and layers are objects in S3, named by their hash. */
function packaged(hashes: Readonly<Record<string, string>> = {}): string {
  const folders = { CodeUri: ".", native: "layers/native", model: "layers/model" };
  return Object.entries(folders).reduce((text, [name, folder]) => {
    const property = name === "CodeUri" ? "CodeUri" : "ContentUri";
    const packed = text.replace(
      `${property}: ${folder}\n`,
      `${property}: s3://bucket/${name}-${hashes[name] ?? 1}\n`,
    );
    assert.notEqual(packed, text, `no ${property}: ${folder}`);
    return packed;
  }, source);
}

/** Logical id, description and code of the one version: when it differs, CloudFormation makes another version. */
function versionOf(transformed: Fields, given: Readonly<Record<string, string>> = {}): string {
  const versions = Object.entries(transformed).filter(
    ([, resource]) => fields(resource).Type === "AWS::Lambda::Version",
  );
  assert.equal(versions.length, 1);
  const [id, version] = versions[0] as (typeof versions)[number];
  const { Properties, DeletionPolicy, UpdateReplacePolicy } = fields(version);
  assert.deepEqual([DeletionPolicy, UpdateReplacePolicy], ["Retain", "Retain"]);
  const textOf = (name: string) => String(given[name] ?? fields(parameters[name]).Default);
  const holds = (condition: Value): boolean => {
    const { "Fn::Or": either, "Fn::Equals": equal } = fields(condition);
    if (either !== undefined) return list(either).some(holds);
    const [left, right] = list(equal);
    return textOf(String(fields(left).Ref)) === right;
  };
  const isTrue = (name: string) => holds(fields(template.Conditions)[name] ?? "");
  const describe = (part: Value): string => {
    if (typeof part === "string") return part;
    const { Ref: reference, "Fn::If": choice, "Fn::Join": join } = fields(part);
    if (typeof reference === "string") return textOf(reference);
    const [first, ...others] = list(choice ?? join);
    if (choice !== undefined) return describe(others[isTrue(String(first)) ? 0 : 1] ?? "");
    return list(others[0]).map(describe).join(String(first));
  };
  const description = describe(fields(Properties).Description ?? "");
  return JSON.stringify([id, description]);
}

/** Another value that the parameter allows. */
function otherValue(name: string): string {
  const { Default, AllowedValues, MaxValue } = fields(parameters[name], name);
  if (AllowedValues !== undefined) return String(list(AllowedValues).find((value) => value !== Default));
  if (MaxValue !== undefined) return String(MaxValue);
  return name === "BackgroundColor"
    ? "#000000"
    : name === "S3EndpointUrl"
      ? "https://s3.example.org"
      : "another";
}

test("SAM makes a new version for another value of each of the function's parameters", { skip }, () => {
  const cases = functionParameters.map((name) => ({ [name]: otherValue(name) }));
  const [before, ...after] = transform(
    [{}, ...cases].map((given) => ({ template: packaged(), parameters: given })),
  );
  const unchanged = versionOf(before as Fields);
  for (const [index, given] of cases.entries()) {
    assert.notEqual(versionOf(after[index] as Fields, given), unchanged, Object.keys(given).join());
  }
});

test("SAM makes a new version for other code and for another content of either layer", { skip }, () => {
  const names = ["CodeUri", "native", "model"];
  const [before, ...after] = transform(
    [{}, ...names.map((name) => ({ [name]: "2" }))].map((hashes) => ({
      template: packaged(hashes),
      parameters: {},
    })),
  );
  const unchanged = versionOf(before as Fields);
  for (const [index, name] of names.entries())
    assert.notEqual(versionOf(after[index] as Fields), unchanged, name);
});

test("SAM makes no new version for a parameter that the function does not have", { skip }, () => {
  const [before, after] = transform(
    [{}, { LogRetentionDays: "7", BatchSize: "5" }].map((given) => ({
      template: packaged(),
      parameters: given,
    })),
  );
  assert.equal(versionOf(after as Fields), versionOf(before as Fields));
});

test("the alarms that stop a deployment look at the very version that is deployed", { skip }, () => {
  const [transformed] = transform([{ template: packaged(), parameters: {} }]);
  const [version] =
    Object.entries(transformed as Fields).find(
      ([, resource]) => fields(resource).Type === "AWS::Lambda::Version",
    ) ?? [];
  for (const id of ["VersionErrorsAlarm", "VersionFailureRateAlarm", "VersionDurationAlarm"]) {
    const { Metrics } = fields(fields((transformed as Fields)[id]).Properties);
    for (const { MetricStat } of list(Metrics).map((entry) => fields(entry))) {
      if (MetricStat === undefined) continue;
      const ofVersion = list(fields(fields(MetricStat).Metric).Dimensions).map((dimension) =>
        fields(dimension),
      );
      const value = ofVersion.find(({ Name }) => Name === VERSION_DIMENSION)?.Value;
      assert.deepEqual(value, { "Fn::GetAtt": [version, "Version"] }, id);
    }
    const dimensions = list(fields(fields((transformed as Fields)[id]).Properties).Dimensions).map(
      (dimension) => fields(dimension),
    );
    const executed = dimensions.find(({ Name }) => Name === "ExecutedVersion");
    if (Metrics === undefined) assert.deepEqual(executed?.Value, { "Fn::GetAtt": [version, "Version"] }, id);
    // An updated alarm keeps its state; one of another name begins anew.
    const { AlarmName } = fields(fields((transformed as Fields)[id]).Properties);
    const [name, variables] = list(fields(AlarmName)["Fn::Sub"]);
    assert.match(String(name), /\$\{Version\}/, id);
    assert.deepEqual(fields(variables).Version, { "Fn::GetAtt": [version, "Version"] }, id);
  }
});
