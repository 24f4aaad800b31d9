import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";

const CLI = join(import.meta.dirname, "../../src/verify/cli.ts");

for (const { without, args, message } of [
  { without: "a region", args: [], message: /^No AWS region is set\. Give --region/m },
  { without: "credentials", args: ["--region", "us-east-1"], message: /^No AWS credentials were found/m },
]) {
  test(`without ${without} verify says where that is given`, { timeout: 60_000 }, () => {
    const { stderr, status } = spawnSync(process.execPath, [CLI, "--stack", "absent", ...args], {
      encoding: "utf8",
      env: {
        HOME: "/nonexistent",
        AWS_CONFIG_FILE: "/nonexistent/config",
        AWS_SHARED_CREDENTIALS_FILE: "/nonexistent/credentials",
        AWS_EC2_METADATA_DISABLED: "true",
      },
    });
    assert.match(stderr, message);
    assert.equal(status, 1);
  });
}
