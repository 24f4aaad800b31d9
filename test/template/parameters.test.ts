import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { HeadObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { readConfig } from "../../src/function/config.ts";
import {
  type Fields,
  fields,
  list,
  parameters,
  properties,
  ROOT,
  resolved,
  source,
  template,
  walk,
} from "./read.ts";

const environment = fields(fields(properties("ClassifierFunction").Environment).Variables);
const entries = Object.entries(parameters).map(([name, parameter]) => [name, fields(parameter)] as const);

for (const [name, parameter] of entries) {
  test(`the parameter ${name} is described, constrained and has a default within its constraints`, () => {
    assert.match(String(parameter.Description), /\.$/);
    assert.notEqual(parameter.Default, undefined, "sam deploy without --guided needs a default");
    if (parameter.AllowedValues !== undefined) {
      assert.ok(list(parameter.AllowedValues).includes(parameter.Default ?? null));
    } else if (parameter.Type === "Number") {
      assert.ok(Number(parameter.Default) >= Number(parameter.MinValue), "Default < MinValue, or none");
      if (!name.startsWith("Price")) assert.ok(Number(parameter.Default) <= Number(parameter.MaxValue));
    } else {
      assert.match(String(parameter.Default), new RegExp(`^(?:${parameter.AllowedPattern})$`));
      assert.match(String(parameter.ConstraintDescription), /\.$/, "a pattern that explains itself");
    }
  });
}

test("every parameter is used, and stands in one group of the console's form", () => {
  const groups = list(fields(fields(template.Metadata)["AWS::CloudFormation::Interface"]).ParameterGroups);
  const grouped = groups.flatMap((group) => list(fields(group).Parameters));
  assert.deepEqual([...grouped].sort(), entries.map(([name]) => name).sort());
  const body = source.slice(source.indexOf("\nConditions:"));
  for (const [name] of entries) {
    assert.match(body, new RegExp(`!Ref ${name}\\b|\\$\\{${name}\\}`), `${name} is not used`);
  }
});

/** What the function would be given, with `overrides` for some parameters. */
function environmentWith(overrides: Readonly<Record<string, unknown>>): Record<string, string> {
  const parameterValue = (name: string) => String(overrides[name] ?? fields(parameters[name]).Default);
  return Object.fromEntries(
    Object.entries(environment).map(([variable, value]) => {
      if (typeof value === "string") return [variable, value];
      const { Ref: reference, "Fn::Sub": pattern } = fields(value);
      if (reference === "ResultsBucket") return [variable, "results"];
      if (variable === "ISOLATION_QUEUE_ARN")
        return [variable, "arn:aws:sqs:us-east-1:123456789012:isolation"];
      if (typeof reference === "string") return [variable, parameterValue(reference)];
      return [variable, String(pattern).replaceAll(/\$\{(\w+)\}/g, (_, name) => parameterValue(name))];
    }),
  );
}

test("the function accepts its environment with every parameter at its default", () => {
  readConfig(environmentWith({}));
});

for (const [name, { Type, MinValue, MaxValue, AllowedValues }] of entries) {
  const extremes =
    Type === "Number" && AllowedValues === undefined ? [MinValue, MaxValue] : list(AllowedValues);
  const reaches = JSON.stringify(environment).includes(`"${name}"`);
  if (!reaches || extremes.length === 0) continue;
  test(`the function accepts what the parameter ${name} allows`, () => {
    for (const value of extremes) readConfig(environmentWith({ [name]: value }));
  });
}

test("the template gives the function every variable that it reads, and no other", () => {
  const config = readFileSync(join(ROOT, "src/function/config.ts"), "utf8");
  const read = new Set(
    [...config.matchAll(/\["([A-Z][A-Z0-9_]+)"|^\s+"([A-Z][A-Z0-9_]+)",$/gm)].map(([, a, b]) => a ?? b),
  );
  // The memory size is Lambda's own to say; the others are of the C library, Node and the AWS SDK.
  const given = Object.keys(environment).filter(
    (name) => !["MALLOC_ARENA_MAX", "NODE_OPTIONS", "AWS_ENDPOINT_URL_S3"].includes(name),
  );
  // Those of Powertools are refused, not read.
  for (const name of read) if (/^(AWS_LAMBDA_|POWERTOOLS_METRICS_)/.test(name ?? "")) read.delete(name);
  assert.deepEqual(given.sort(), [...read].sort());
});

test("an empty endpoint leaves the AWS SDK with the region's own", async (t) => {
  const before = process.env.AWS_ENDPOINT_URL_S3;
  t.after(() => {
    if (before === undefined) delete process.env.AWS_ENDPOINT_URL_S3;
    else process.env.AWS_ENDPOINT_URL_S3 = before;
  });
  process.env.AWS_ENDPOINT_URL_S3 = String(resolved(environment.AWS_ENDPOINT_URL_S3));
  assert.equal(process.env.AWS_ENDPOINT_URL_S3, "");
  const hosts: string[] = [];
  const client = new S3Client({
    region: "eu-central-1",
    credentials: { accessKeyId: "any", secretAccessKey: "any" },
    requestHandler: {
      async handle(request: { readonly hostname: string }) {
        hosts.push(request.hostname);
        return { response: { statusCode: 200, headers: {} } };
      },
    },
  });
  await client.send(new HeadObjectCommand({ Bucket: "pictures", Key: "photo.jpg" }));
  assert.deepEqual(hosts, ["pictures.s3.eu-central-1.amazonaws.com"]);
});

test("prefix and suffix take only what S3's filter, IAM, EventBridge and Batch Operations all read alike", () => {
  for (const name of ["UploadsPrefix", "UploadsSuffix"]) {
    const pattern = new RegExp(`^(?:${fields(parameters[name]).AllowedPattern})$`);
    for (const good of ["photos/2026/", "a_b-c.d!", ".jpg"]) assert.match(good, pattern, name);
    // Wildcards and quotes, and what S3's filter takes only encoded.
    for (const bad of ["*", "?", '"', "'", "\\\\", "$", "{", " ", "+", "(", "%20", "é"]) {
      assert.doesNotMatch(bad, pattern, `${name}: ${bad}`);
    }
  }
});

test("memory is one vCPU by default", () => {
  assert.equal(resolved(properties("ClassifierFunction").MemorySize), 1769);
});

test("logs are kept for as long as the parameter says, in a group that goes with the stack", () => {
  const { LogFormat, LogGroup } = fields(properties("ClassifierFunction").LoggingConfig) as Fields;
  assert.equal(LogFormat, "JSON");
  assert.deepEqual(LogGroup, { Ref: "ClassifierLogGroup" });
  assert.deepEqual(properties("ClassifierLogGroup").RetentionInDays, { Ref: "LogRetentionDays" });
});

test("every condition is used", () => {
  const used = new Set<unknown>();
  walk(template, (node) => {
    if ("Fn::If" in node) used.add(list(node["Fn::If"])[0]);
    if (typeof node.Condition === "string") used.add(node.Condition);
  });
  assert.deepEqual(
    Object.keys(fields(template.Conditions)).filter((name) => !used.has(name)),
    [],
  );
});
