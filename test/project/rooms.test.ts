import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { PROJECT_DIR } from "../../src/local/template.ts";
import { readImports, roomImports, roomOf, withRooms } from "./rooms.ts";

const imports = readImports();

test("what is deployed imports nothing from its neighbours", () => {
  const outward = imports.filter(([from, to]) => from.startsWith("function/") && !to.startsWith("function/"));
  assert.ok(imports.length > 500);
  assert.deepEqual(outward, []);
});

test("at run time no file of what is deployed imports itself by way of others", () => {
  const targets = Map.groupBy(
    readImports("run time").filter(([from]) => from.startsWith("function/")),
    ([from]) => from,
  );
  const visit = (file: string, path: readonly string[]): void => {
    assert.ok(!path.includes(file), [...path.slice(path.indexOf(file)), file].join(" → "));
    for (const [, to] of targets.get(file) ?? []) visit(to, [...path, file]);
  };
  for (const file of targets.keys()) visit(file, []);
});

test("rooms are folders, and a house is one room to those outside", () => {
  assert.equal(roomOf("function/stages/publish/object.ts"), "function/stages/publish");
  assert.equal(roomOf("local/s3/operations/list.ts"), "local/s3");
  assert.equal(roomOf("measure/cost/model.ts"), "measure");
  assert.equal(roomOf("progress.ts"), "progress");
  assert.deepEqual(
    roomImports([
      ["measure/a.ts", "function/stages/rank.ts"],
      ["function/batch.ts", "function/triggers/trigger.ts"],
      ["function/batch.ts", "function/errors.ts"],
    ]),
    [
      ["function", "function/terms"],
      ["function", "function/triggers"],
      ["measure", "function"],
    ],
  );
});

test("the picture of the rooms is that of the code's imports: `npm run rooms` draws it", () => {
  const text = readFileSync(join(PROJECT_DIR, "docs/architecture.md"), "utf8");
  assert.equal(withRooms(text), text);
});
