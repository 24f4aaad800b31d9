import { dirname, parse } from "node:path";

/** So many places with more than one image each make it likely that names speak of places. */
const MIN_SOURCES = 3;

/**
 * Where images come from, as their paths suggest it: the folder below the label's (`cat/garden/1.jpg`), or what their names
 * begin with before a number (`garden-001.jpg`, `clip7_frame12.jpg`).
 *
 * Images of one source are alike in ways that have nothing to do with their label (the camera, the light, the template), so
 * that an estimate holds for new sources only when each is left out whole.
 *
 * @param files paths below the label's folder
 * @returns one source per file, or `undefined` where the paths suggest none
 */
export function guessSources(files: readonly string[]): string[] | undefined {
  const byFolder = files.map((file) => dirname(file));
  if (areSources(byFolder)) return byFolder;
  const byName = files.map((file) => stemOf(file));
  return areSources(byName) ? byName : undefined;
}

/** One that most images are of is a series that counts them all, such as a camera's. */
function areSources(sources: readonly string[]): boolean {
  const sizes = [...Map.groupBy(sources, (source) => source).values()].map(({ length }) => length);
  const several = sizes.filter((size) => size > 1).length;
  return several >= MIN_SOURCES && several >= sizes.length / 2 && Math.max(...sizes) <= sources.length / 2;
}

/** `garden-001` → `garden`, `clip7_frame12` → `clip7_frame`, `IMG_20240501_101500` → `IMG_20240501`. */
function stemOf(file: string): string {
  const { dir, name } = parse(file);
  return `${dir}/${name.replace(/[\s_.-]*\(?\d+\)?$/, "")}`;
}
