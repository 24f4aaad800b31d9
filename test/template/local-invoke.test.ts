import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { get } from "node:http";
import { join } from "node:path";
import { test } from "node:test";
import { readConfig } from "../../src/function/config.ts";
import { RESULTS_BUCKET } from "../../src/local/stack-events.ts";
import { startEndpoint } from "../local/s3/harness.ts";
import { fields, properties, ROOT } from "./read.ts";

const read = (path: string) => readFileSync(join(ROOT, path), "utf8");
const overrides: Readonly<Record<string, Readonly<Record<string, string>>>> = JSON.parse(
  read("sam-env.json"),
);

test("sam local invoke is told of sam-env.json, and of no Docker network, which it cannot use", () => {
  const section = /^\[default\.local_invoke\.parameters\]$([^[]*)/m.exec(read("samconfig.toml"))?.[1];
  assert.match(section ?? "", /^env_vars = "sam-env\.json"$/m);
  // SAM takes `host` for a network to join beside the bridge: the container would not reach 127.0.0.1.
  assert.doesNotMatch(section ?? "", /docker_network/);
});

test("sam-env.json names the function and variables that the template declares, since SAM ignores others", () => {
  assert.deepEqual(Object.keys(overrides), ["ClassifierFunction"]);
  const declared = fields(fields(properties("ClassifierFunction").Environment).Variables);
  for (const name of Object.keys(overrides.ClassifierFunction ?? {})) {
    assert.ok(name in declared, `${name} is not declared in template.yaml`);
  }
});

test("with sam-env.json the function in a container uses the buckets and the S3 endpoint of npm start", async (t) => {
  const variables = overrides.ClassifierFunction ?? {};
  const { resultsBucket, s3ForcePathStyle } = readConfig(variables);
  assert.deepEqual(
    { resultsBucket, s3ForcePathStyle },
    { resultsBucket: RESULTS_BUCKET, s3ForcePathStyle: true },
  );
  // The next port after the page's.
  assert.equal(variables.AWS_ENDPOINT_URL_S3, "http://host.docker.internal:4401");
  const { port } = await startEndpoint(t, { listen: "127.0.0.2" });
  const { hostname } = new URL(variables.AWS_ENDPOINT_URL_S3);
  const { promise, resolve } = Promise.withResolvers<number | undefined>();
  get({ host: "127.0.0.2", port, path: "/uploads", headers: { host: `${hostname}:${port}` } }, (response) => {
    response.resume();
    resolve(response.statusCode);
  });
  assert.equal(await promise, 200, "the endpoint answers to the name that the container uses");
});
