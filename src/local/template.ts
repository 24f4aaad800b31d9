import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { parse, type ScalarTag } from "yaml";

/** Root of the project: the folder of `template.yaml` and `package.json`. */
export const PROJECT_DIR = resolve(import.meta.dirname, "../..");

/** What the local runtime takes from `template.yaml`, parameters at their defaults. */
export interface FunctionTemplate {
  readonly handler: string;
  readonly memoryMb: number;
  readonly timeoutSeconds: number;
  readonly logFormat: "Text" | "JSON";
  /** `Metadata.BuildProperties`, as written. */
  readonly buildProperties: Readonly<Record<string, unknown>>;
  /** Variables with a value that is known before deployment; of the others, the name alone is known. */
  readonly environment: Readonly<Record<string, string>>;
  /** Variables whose value only a deployment knows (a bucket's name, a path in a layer). */
  readonly deployedVariables: readonly string[];
  readonly queue: QueueTemplate;
  /** Takes what the first queue gives up; its batches are of one. */
  readonly isolationQueue: QueueTemplate;
}

export interface QueueTemplate {
  readonly visibilityTimeoutSeconds: number;
  readonly maxReceiveCount: number;
  readonly batchSize: number;
  readonly batchingWindowSeconds: number;
  readonly reportBatchItemFailures: boolean;
}

/** A parsed template; intrinsic functions are objects with one key: `!Ref X` is `{ Ref: "X" }`. */
export type Template = Readonly<Record<string, unknown>>;

const FUNCTIONS = ["Sub", "GetAtt", "Join", "Select", "Split", "If", "Equals", "Not", "And", "Or"];
const MORE_FUNCTIONS = [
  "FindInMap",
  "ImportValue",
  "Base64",
  "Cidr",
  "GetAZs",
  "Transform",
  "ToJsonString",
  "Contains",
];

/** Parsing takes a tenth of a second: the text is read each time, and parsed when it is another one. */
let parsed: { readonly text: string; readonly template: Template } | undefined;

/** Reads a CloudFormation template with its short tags (`!Ref`, `!Sub`, `!If`, …). */
export async function readTemplate(file = resolve(PROJECT_DIR, "template.yaml")): Promise<Template> {
  const text = await readFile(file, "utf8");
  if (parsed?.text !== text) {
    const template = asRecord(parse(text, { customTags: cloudFormationTags(), merge: true }), file);
    parsed = { text, template };
  }
  return parsed.template;
}

/** Reads what {@link FunctionTemplate} names of the function and its two queues. Throws where one is missing. */
export function readFunctionTemplate(template: Template): FunctionTemplate {
  const at = (path: string): unknown => valueAt(template, path);
  const base = "Resources.ClassifierFunction";
  const variables = asRecord(at(`${base}.Properties.Environment.Variables`), `${base} Environment.Variables`);
  const known: Record<string, string> = {};
  const unknown: string[] = [];
  for (const [name, raw] of Object.entries(variables)) {
    const value = literal(template, raw);
    if (value === undefined) unknown.push(name);
    else known[name] = String(value);
  }
  const number = (path: string): number => numberAt(template, path);
  return {
    handler: String(at(`${base}.Properties.Handler`)),
    memoryMb: number(`${base}.Properties.MemorySize`),
    timeoutSeconds: number(`${base}.Properties.Timeout`),
    logFormat: at(`${base}.Properties.LoggingConfig.LogFormat`) === "JSON" ? "JSON" : "Text",
    buildProperties: asRecord(at(`${base}.Metadata.BuildProperties`), `${base}.Metadata.BuildProperties`),
    environment: known,
    deployedVariables: unknown,
    queue: readQueue(template, "UploadsQueue", `${base}.Properties.Events.Uploads.Properties`),
    isolationQueue: readQueue(template, "IsolationQueue", `${base}.Properties.Events.Isolated.Properties`),
  };
}

/** @param source path of the event source that polls it */
function readQueue(template: Template, id: string, source: string): QueueTemplate {
  const window = `${source}.MaximumBatchingWindowInSeconds`;
  const responseTypes = valueAt(template, `${source}.FunctionResponseTypes`) ?? [];
  return {
    visibilityTimeoutSeconds: numberAt(template, `Resources.${id}.Properties.VisibilityTimeout`),
    maxReceiveCount: numberAt(template, `Resources.${id}.Properties.RedrivePolicy.maxReceiveCount`),
    batchSize: numberAt(template, `${source}.BatchSize`),
    batchingWindowSeconds: valueAt(template, window) === undefined ? 0 : numberAt(template, window),
    reportBatchItemFailures: JSON.stringify(responseTypes).includes('"ReportBatchItemFailures"'),
  };
}

function cloudFormationTags(): ScalarTag[] {
  const names: [string, string][] = [
    ["Ref", "Ref"],
    ["Condition", "Condition"],
    ...[...FUNCTIONS, ...MORE_FUNCTIONS].map((name): [string, string] => [name, `Fn::${name}`]),
  ];
  const tags = names.flatMap(([tag, key]) => [
    { tag: `!${tag}`, resolve: (text: string) => ({ [key]: text }) },
    {
      tag: `!${tag}`,
      collection: "seq",
      resolve: (items: { toJSON(): unknown }) => ({ [key]: items.toJSON() }),
    },
    {
      tag: `!${tag}`,
      collection: "map",
      resolve: (items: { toJSON(): unknown }) => ({ [key]: items.toJSON() }),
    },
  ]);
  // The library calls `resolve` of a collection tag with the collection, which its type of a scalar tag does not say.
  return tags as ScalarTag[];
}

/** A value that is written out, or a `!Ref` to a parameter that has a default; `undefined` for anything else. */
function literal(template: Template, value: unknown): string | number | boolean | undefined {
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") return value;
  if (!isRecord(value) || typeof value.Ref !== "string") return undefined;
  const preset = valueAt(template, `Parameters.${value.Ref}.Default`);
  return preset === undefined ? undefined : literal(template, preset);
}

function numberAt(template: Template, path: string): number {
  const value = Number(literal(template, valueAt(template, path)));
  if (Number.isFinite(value)) return value;
  throw new Error(
    `template.yaml: ${path} should be a number, or a !Ref to a parameter whose Default is one; ` +
      `it is ${JSON.stringify(valueAt(template, path))}.`,
  );
}

function valueAt(template: Template, path: string): unknown {
  return path
    .split(".")
    .reduce<unknown>((value, key) => (isRecord(value) ? value[key] : undefined), template);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function asRecord(value: unknown, what: string): Record<string, unknown> {
  if (isRecord(value)) return value;
  throw new Error(
    `template.yaml: ${what} should be a map of names and values; it is ${JSON.stringify(value)}.`,
  );
}
