import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";
import { PROJECT_DIR } from "../../src/local/template.ts";

const SRC = join(PROJECT_DIR, "src");
const DOCUMENT = join(PROJECT_DIR, "docs/architecture.md");

/** `import type` has nothing to do at run time. */
type ImportKind = "all" | "run time";

/** Imports of one of our files by another: [importer, imported], as paths below `src`. */
export function readImports(kind: ImportKind = "all"): [from: string, to: string][] {
  const files = readdirSync(SRC, { recursive: true, encoding: "utf8" }).filter((name) =>
    name.endsWith(".ts"),
  );
  return files.flatMap((file) => {
    const text = readFileSync(join(SRC, file), "utf8");
    const statements = text.matchAll(
      /^(import|export) (type )?[^;"]*?(?:from )?"(\.{1,2}\/[^"]+\.ts)"|import\("(\.[^"]+\.ts)"\)/gm,
    );
    return [...statements]
      .filter(([, , isType]) => kind === "all" || isType === undefined)
      .map(([, , , path, lazyPath]): [string, string] => [
        file,
        normalize(join(dirname(file), String(path ?? lazyPath))),
      ]);
  });
}

/** The folder that a file stands in, as deep as the picture shows it. */
export function roomOf(file: string): string {
  const parts = dirname(file).split("/");
  if (parts[0] === ".") return file.replace(/\.ts$/, "");
  const depth = parts[0] === "function" ? 3 : parts[0] === "local" ? 2 : 1;
  return parts.slice(0, depth).join("/");
}

/**
 * Imports between rooms, each once: what stands outside a house sees it as one. Files beside a house's rooms are its
 * `terms` where they import none of its rooms (errors, settings, types), and else what puts the rooms together.
 */
export function roomImports(imports: readonly (readonly [string, string])[]): [from: string, to: string][] {
  const joining = new Set(
    imports
      .filter(([from, to]) => isIn(roomOf(from), to) && roomOf(from) !== roomOf(to))
      .map(([from]) => from),
  );
  const isTerm = (file: string) => /^function\/[^/]+$/.test(file) && !joining.has(file);
  const room = (file: string) => (isTerm(file) ? "function/terms" : roomOf(file));
  const pairs = new Set<string>();
  for (const [from, to] of imports) {
    const [house = ""] = to.split("/");
    const [source, target] = [room(from), isIn(house, from) ? room(to) : house.replace(/\.ts$/, "")];
    if (source !== target) pairs.add(`${source} ${target}`);
  }
  return [...pairs].sort().map((pair) => pair.split(" ") as [string, string]);
}

function isIn(house: string, file: string): boolean {
  return file.startsWith(`${house}/`);
}

/** The picture of the rooms, as Mermaid. */
export function drawRooms(pairs: readonly (readonly [string, string])[]): string {
  const rooms = [...new Set(pairs.flat())].sort();
  const id = (room: string) => room.replaceAll(/\W/g, "_");
  const house = (name: string, title: string) => [
    `  subgraph house_${name}["${title}"]`,
    ...rooms
      .filter((room) => room === name || room.startsWith(`${name}/`))
      .map((room) => `    ${id(room)}["${room === name ? "entry" : relative(name, room)}"]`),
    "  end",
  ];
  const inHouses = (room: string) => /^(function|local)(\/|$)/.test(room);
  return [
    "flowchart LR",
    ...house("function", "src/function: deployed"),
    ...house("local", "src/local: your machine"),
    ...rooms.filter((room) => !inHouses(room)).map((room) => `  ${id(room)}["src/${room}"]`),
    ...pairs.map(([from, to]) => `  ${id(from)} --> ${id(to)}`),
  ].join("\n");
}

/** The document with the picture as the code has it now. */
export function withRooms(text: string): string {
  const picture = drawRooms(roomImports(readImports()));
  return text.replace(
    /(<!-- rooms -->\n```mermaid\n)[\s\S]*?(\n```)/,
    (_, before: string, after: string) => before + picture + after,
  );
}

if (process.argv[1] === import.meta.filename) {
  writeFileSync(DOCUMENT, withRooms(readFileSync(DOCUMENT, "utf8")));
  console.log(`${relative(PROJECT_DIR, DOCUMENT)} shows the rooms as they are.`);
}
