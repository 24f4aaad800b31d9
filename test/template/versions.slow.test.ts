import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { VERSION_DIMENSION } from "../../src/function/metrics.ts";
import { type Fields, fields, list, parameters, source, template, type Value } from "./read.ts";
import { functionParameters } from "./versioned.ts";

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
  const resolve = (part: Value): string | string[] => {
    if (typeof part === "string" || typeof part === "number") return String(part);
    if (Array.isArray(part)) return part.map(describe);
    const [[name, value] = assert.fail("a function of CloudFormation")] = Object.entries(fields(part));
    if (name === "Ref") return textOf(String(value));
    const [first = "", second = "", third = ""] = list(value);
    switch (name) {
      case "Fn::If":
        return describe(isTrue(String(first)) ? second : third);
      case "Fn::Join":
        return [resolve(second)].flat().join(String(first));
      case "Fn::Split":
        return describe(second).split(String(first));
      case "Fn::Select":
        return [resolve(second)].flat()[Number(first)] ?? assert.fail(JSON.stringify(part));
      default:
        return assert.fail(`${name} in the description`);
    }
  };
  const describe = (part: Value): string => String(resolve(part));
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
      : name === "Formats"
        ? "png"
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
