import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { readConfig } from "../../src/function/config.ts";
import { RESULTS_BUCKET } from "../../src/local/stack-events.ts";
import { fields, properties, ROOT } from "./read.ts";

const read = (path: string) => readFileSync(join(ROOT, path), "utf8");
const overrides: Readonly<Record<string, Readonly<Record<string, string>>>> = JSON.parse(
  read("events/env.json"),
);

test("sam local invoke is told of events/env.json", () => {
  const section = /^\[default\.local_invoke\.parameters\]$([^[]*)/m.exec(read("samconfig.toml"))?.[1];
  assert.match(section ?? "", /^env_vars = "events\/env\.json"$/m);
});

test("env.json names the function and variables that the template declares, since SAM ignores others", () => {
  assert.deepEqual(Object.keys(overrides), ["ClassifierFunction"]);
  const declared = fields(fields(properties("ClassifierFunction").Environment).Variables);
  for (const name of Object.keys(overrides.ClassifierFunction ?? {})) {
    assert.ok(name in declared, `${name} is not declared in template.yaml`);
  }
});

test("with env.json the function uses the buckets and the S3 endpoint of npm start", () => {
  const variables = overrides.ClassifierFunction ?? {};
  const { resultsBucket, s3ForcePathStyle } = readConfig(variables);
  assert.deepEqual(
    { resultsBucket, s3ForcePathStyle },
    { resultsBucket: RESULTS_BUCKET, s3ForcePathStyle: true },
  );
  const pagePort = /--port (\d+)/.exec(read("docs/deploying.md"))?.[1];
  assert.equal(variables.AWS_ENDPOINT_URL_S3, `http://127.0.0.1:${Number(pagePort) + 1}`);
});
