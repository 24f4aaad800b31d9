import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { parse } from "yaml";
import { PROJECT_DIR } from "../../src/local/template.ts";

interface Job {
  readonly permissions?: Readonly<Record<string, string>>;
  readonly "timeout-minutes"?: number;
  readonly uses?: string;
  readonly steps?: readonly {
    readonly uses?: string;
    readonly run?: string;
    readonly with?: Record<string, unknown>;
  }[];
}

interface Workflow {
  readonly permissions: Readonly<Record<string, string>>;
  readonly jobs: Readonly<Record<string, Job>>;
}

const folder = join(PROJECT_DIR, ".github/workflows");
const workflows = readdirSync(folder).map((name) => {
  const text = readFileSync(join(folder, name), "utf8");
  return { name, text, workflow: parse(text) as Workflow };
});
const { scripts } = JSON.parse(readFileSync(join(PROJECT_DIR, "package.json"), "utf8")) as {
  scripts: Record<string, string>;
};
const steps = workflows.flatMap(({ name, workflow }) =>
  Object.entries(workflow.jobs).flatMap(([job, { steps: own = [] }]) =>
    own.map((step) => ({ at: `${name}: ${job}`, step })),
  ),
);

test("every action is pinned by a commit, with its version beside it", () => {
  const lines = workflows.flatMap(({ text }) =>
    text.split("\n").filter((line) => /^\s*(- )?uses:/.test(line)),
  );
  assert.ok(lines.length > 5);
  for (const line of lines)
    assert.match(line, /uses: (\.\/\S+|[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+)$/, line);
});

test("a workflow may read and no more; jobs that may more say what", () => {
  const more: string[] = [];
  for (const { name, workflow } of workflows) {
    assert.deepEqual(workflow.permissions, { contents: "read" }, name);
    for (const [job, { permissions = {} }] of Object.entries(workflow.jobs)) {
      for (const [right, level] of Object.entries(permissions))
        if (level === "write") more.push(`${name} ${job} ${right}`);
    }
  }
  assert.deepEqual(more.sort(), [
    "deploy-stack.yml deploy id-token",
    "deploy.yml production id-token",
    "deploy.yml test id-token",
    "release.yml release contents",
  ]);
});

test("no job runs for ever, and no checkout leaves its token behind", () => {
  for (const { name, workflow } of workflows) {
    for (const [job, { uses, "timeout-minutes": limit }] of Object.entries(workflow.jobs)) {
      assert.ok(uses !== undefined || (limit !== undefined && limit <= 120), `${name}: ${job}`);
    }
  }
  const checkouts = steps.filter(({ step }) => step.uses?.startsWith("actions/checkout@"));
  assert.ok(checkouts.length > 0);
  for (const { at, step } of checkouts) assert.equal(step.with?.["persist-credentials"], false, at);
});

test("every npm script that a workflow runs exists, and the untrusted is never part of a command", () => {
  const known = ["test", ...Object.keys(scripts)];
  for (const { at, step } of steps) {
    const run = step.run ?? "";
    for (const [, script] of run.matchAll(/npm (?:run (?:--silent )?)?([\w:-]+)/g)) {
      assert.ok(known.includes(String(script)), `${at}: npm ${script}`);
    }
    assert.doesNotMatch(run, /\$\{\{/, `${at}: values come by the environment`);
  }
});

test("a public host runs what .ci/run runs", () => {
  const local = readFileSync(join(PROJECT_DIR, ".ci/run"), "utf8");
  const commands = [...local.matchAll(/^npm .*$/gm)].map(([command]) => command);
  assert.ok(commands.length >= 6);
  const ci = steps.filter(({ at }) => at.startsWith("ci.yml")).map(({ step }) => step.run?.trim());
  for (const command of commands) assert.ok(ci.includes(command), command);
});
