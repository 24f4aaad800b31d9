import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { ROOT } from "./read.ts";

const installed = spawnSync("cfn-lint", ["--version"], { encoding: "utf8" }).status === 0;

test("cfn-lint finds nothing in the template", {
  skip: installed ? false : "cfn-lint is not installed",
}, () => {
  const { status, stdout, stderr } = spawnSync("cfn-lint", ["template.yaml"], {
    cwd: ROOT,
    encoding: "utf8",
  });
  assert.equal(status, 0, stdout + stderr);
});
