import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readTemplate } from "../../src/local/template.ts";

export const ROOT = join(import.meta.dirname, "../..");

/** Anything that stands in the template; short tags (`!Ref x`) are read as their long form (`{ Ref: x }`). */
export type Value = string | number | boolean | null | readonly Value[] | { readonly [key: string]: Value };
export type Fields = { readonly [key: string]: Value };

export function fields(value: Value | undefined, what = "value"): Fields {
  if (value === null || typeof value !== "object" || Array.isArray(value)) {
    throw new TypeError(`${what}: expected an object, got ${JSON.stringify(value)}`);
  }
  return value as Fields;
}

export function list(value: Value | undefined): readonly Value[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? (value as readonly Value[]) : [value];
}

export const source = readFileSync(join(ROOT, "template.yaml"), "utf8");
// By way of JSON, so that what the tags gave is plain data.
export const template = fields(JSON.parse(JSON.stringify(await readTemplate())) as Value);
export const parameters = fields(template.Parameters);
export const resources = fields(template.Resources);

/** [logical id, its `Properties`, the whole resource] of every resource of a type. */
export function ofType(type: string): [string, Fields, Fields][] {
  return Object.entries(resources)
    .map(([id, resource]) => [id, fields(resource)] as const)
    .filter(([, resource]) => resource.Type === type)
    .map(([id, resource]) => [id, fields(resource.Properties ?? {}), resource]);
}

export function properties(id: string): Fields {
  return fields(fields(resources[id], id).Properties, `${id}.Properties`);
}

/** A parameter's default; the value itself where it is none's `Ref`. */
export function resolved(value: Value | undefined): Value | undefined {
  if (value !== null && typeof value === "object" && !Array.isArray(value)) {
    const { Ref: name } = value as Fields;
    if (typeof name === "string" && name in parameters) return fields(parameters[name]).Default;
  }
  return value;
}

/** Calls `visit` with every object below (and including) `value`. */
export function walk(value: Value | undefined, visit: (node: Fields) => void): void {
  if (value === null || typeof value !== "object") return;
  if (Array.isArray(value)) {
    for (const item of value) walk(item, visit);
    return;
  }
  visit(value as Fields);
  for (const item of Object.values(value)) walk(item, visit);
}

/** The branches of an `Fn::If`, all of them, `AWS::NoValue` left out. */
export function branches(value: Value | undefined): Value[] {
  if (value !== null && typeof value === "object" && !Array.isArray(value)) {
    const { "Fn::If": choice, Ref: name } = value as Fields;
    if (choice !== undefined) return list(choice).slice(1).flatMap(branches);
    if (name === "AWS::NoValue") return [];
  }
  return value === undefined ? [] : [value];
}
