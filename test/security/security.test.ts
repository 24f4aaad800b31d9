import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { branches, list, ROOT, resources, walk } from "../template/read.ts";
import { shippedPackages } from "./shipped.ts";

const text = readFileSync(join(ROOT, "SECURITY.md"), "utf8");

/** The cells of the table below a heading, without its head. */
function tableBelow(heading: string): string[][] {
  const section = text.split(/^## /m).find((part) => part.startsWith(heading)) ?? "";
  const rows = section.split("\n").filter((line) => line.startsWith("| "));
  return rows.slice(1).map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll("`", "")),
  );
}

test("SECURITY.md explains every policy statement of the template, and no other", () => {
  const sids = new Set<string>();
  walk(resources, (node) => {
    for (const statement of list(node.Statement).flatMap(branches)) {
      if (typeof statement === "object" && statement !== null && "Sid" in statement) {
        sids.add(String(statement.Sid));
      }
    }
  });
  const explained = tableBelow("What may be done").map(([sid]) => sid);
  assert.deepEqual([...new Set(explained)].sort(), [...sids].sort());
});

test("SECURITY.md lists every package that is deployed, with its version and licence", async () => {
  const shipped = await shippedPackages();
  assert.ok(shipped.some(({ name }) => name === "@aws-sdk/client-s3"));
  assert.deepEqual(
    tableBelow("Licences of what is deployed"),
    shipped.map(({ name, version, license, where }) => [name, version, license, where]),
  );
});

test("the layer's NOTICES.md names every package that it holds, with its licence and where its source is", async () => {
  const notices = readFileSync(join(ROOT, "layers/native/NOTICES.md"), "utf8");
  const rows = notices.split("\n").filter((line) => line.startsWith("| "));
  for (const { name, license, where } of await shippedPackages()) {
    if (where !== "layer") continue;
    const row = rows.find((line) => line.includes(`\`${name}\``)) ?? "";
    assert.ok(row.includes(license), `${name}: ${license}`);
    assert.match(row, /\| https:\/\/github\.com\/\S+/, name);
  }
});

test("every dependency is pinned exactly, and no package runs code when it is installed", () => {
  for (const file of ["package.json", "layers/native/package.json"]) {
    const {
      dependencies = {},
      devDependencies = {},
      optionalDependencies = {},
    } = JSON.parse(readFileSync(join(ROOT, file), "utf8")) as Record<string, Record<string, string>>;
    for (const [name, version] of Object.entries({
      ...dependencies,
      ...devDependencies,
      ...optionalDependencies,
    })) {
      assert.match(version, /^\d+\.\d+\.\d+$/, `${file}: ${name}`);
    }
  }
  for (const file of [".npmrc", "layers/native/.npmrc"]) {
    assert.match(readFileSync(join(ROOT, file), "utf8"), /^ignore-scripts=true$/m, file);
  }
});

test("every package in the lockfiles has the checksum that it is installed by", () => {
  for (const file of ["package-lock.json", "layers/native/package-lock.json"]) {
    const { packages } = JSON.parse(readFileSync(join(ROOT, file), "utf8")) as {
      packages: Record<string, { integrity?: string; inBundle?: boolean }>;
    };
    for (const [folder, { integrity, inBundle }] of Object.entries(packages)) {
      if (folder !== "" && inBundle !== true) assert.match(integrity ?? "", /^sha512-/, `${file}: ${folder}`);
    }
  }
});
