import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { widgets } from "./dashboard.ts";
import {
  branches,
  type Fields,
  fields,
  list,
  ofType,
  parameters,
  properties,
  ROOT,
  template,
  walk,
} from "./read.ts";

const read = (path: string) => readFileSync(join(ROOT, path), "utf8");
const [deploying, configuration, operations] = ["deploying", "configuration", "operations"].map((name) =>
  read(`docs/${name}.md`),
) as [string, string, string];

/** The table row whose first cell is `name`. */
function rowOf(text: string, name: string): string[] {
  const line = text.split("\n").find((candidate) => candidate.startsWith(`| \`${name}\` |`));
  assert.ok(line, `no row for ${name}`);
  return line
    .split("|")
    .slice(1, -1)
    .map((cell) => cell.trim());
}

for (const [name, parameter] of Object.entries(parameters)) {
  test(`the documentation lists the parameter ${name} with its default and range`, () => {
    const { Default, MinValue, MaxValue, AllowedValues } = fields(parameter);
    const [, shown, allowed] = rowOf(configuration, name);
    if (Default === "") assert.equal(shown, "none");
    else
      assert.ok(
        shown?.replaceAll("`", "").split(" ").includes(String(Default)),
        `${shown}, but it is ${Default}`,
      );
    if (MaxValue !== undefined) assert.equal(allowed, `${MinValue}–${MaxValue}`);
    else if (typeof list(AllowedValues)[0] === "string") {
      for (const value of list(AllowedValues)) {
        assert.ok(allowed?.includes(String(value)) || value === Default, `${value} is not listed`);
      }
    }
  });
}

test("the documentation says which variable a parameter becomes", () => {
  const { Variables } = fields(properties("ClassifierFunction").Environment);
  for (const [variable, value] of Object.entries(fields(Variables))) {
    const { Ref: name } = typeof value === "object" ? fields(value) : ({} as Fields);
    if (typeof name === "string" && name in parameters) {
      assert.equal(rowOf(configuration, name)[3], `\`${variable}\``);
    } else {
      assert.ok(configuration.includes(`| \`${variable}\` |`), `${variable} has no row`);
    }
  }
});

test("the documentation lists every variable that the function reads", () => {
  const source = read("src/function/config.ts");
  const names = new Set([...source.matchAll(/\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b/g)].map(([name]) => name));
  assert.ok(names.has("RESULTS_BUCKET"));
  for (const name of names)
    assert.ok(configuration.includes(`\`${name}\``), `${name} is not in docs/configuration.md`);
});

test("the documentation explains every statement that allows something to a role", () => {
  for (const [role, { Policies }] of ofType("AWS::IAM::Role")) {
    const statements: Fields[] = [];
    walk(Policies, (node) => {
      for (const statement of list(node.Statement).flatMap(branches)) statements.push(fields(statement));
    });
    const from = deploying.indexOf(`| \`${role}\` |`);
    assert.ok(from > 0, `no row for ${role}`);
    for (const { Sid } of statements) {
      assert.ok(deploying.indexOf(`| \`${Sid}\` |`, from) > 0, `${role}: ${Sid} is not explained`);
    }
  }
});

test("the documentation explains every chart and every alarm", () => {
  for (const { properties: given } of widgets) {
    if (given.title === undefined) continue;
    // "Rejected and failed (% of pictures)" is explained as "Rejected and failed".
    const start = String(given.title)
      .split(/[:(]/)[0]
      ?.replace(/, p\d+$/, "")
      .replace(/ its 30 s limit/, "")
      .trim();
    assert.match(operations, new RegExp(`^\\| ${start}`, "m"), `${given.title} is not explained`);
  }
  for (const [id] of [...ofType("AWS::CloudWatch::Alarm"), ...ofType("AWS::CloudWatch::CompositeAlarm")]) {
    rowOf(operations, id);
  }
});

test("every output that the documentation names is there", () => {
  const outputs = Object.keys(fields(template.Outputs));
  for (const [, name] of (deploying + operations).matchAll(/outputs? `(\w+)`/g)) {
    assert.ok(outputs.includes(String(name)), `${name} is no output`);
  }
});

test("the documentation says plainly what has not been run on AWS", () => {
  assert.match(deploying, /Not yet run on AWS/);
});
