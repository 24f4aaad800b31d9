import { type Fields, fields, list, ofType, parameters, properties, template, walk } from "./read.ts";

/** Properties that belong to no version: how the function is invoked and rolled out. */
const UNVERSIONED = [
  "Events",
  "EventInvokeConfig",
  "DeploymentPreference",
  "ReservedConcurrentExecutions",
  "VersionDescription",
];

/** The parameters that a value depends on, also through conditions. */
export function parametersOf(value: Fields[string] | undefined): Set<string> {
  const found = new Set<string>();
  walk(value, (node) => {
    const { Ref: reference, "Fn::Sub": text, "Fn::If": choice, Condition: condition } = node;
    if (typeof reference === "string" && reference in parameters) found.add(reference);
    for (const [, name] of JSON.stringify(text ?? "").matchAll(/\$\{(\w+)\}/g)) {
      if (name !== undefined && name in parameters) found.add(name);
    }
    for (const name of [list(choice)[0], condition]) {
      if (typeof name !== "string") continue;
      for (const inner of parametersOf(fields(template.Conditions)[name])) found.add(inner);
    }
  });
  return found;
}

const versioned = Object.fromEntries(
  Object.entries(properties("ClassifierFunction")).filter(([name]) => !UNVERSIONED.includes(name)),
);
/** Every parameter that a property of the function or of a layer depends on. */
export const functionParameters = [
  ...parametersOf([versioned, ...ofType("AWS::Serverless::LayerVersion").map(([, layer]) => layer)]),
].sort();
export const { VersionDescription } = properties("ClassifierFunction");
