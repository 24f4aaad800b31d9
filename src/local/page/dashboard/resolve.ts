import type { Template } from "../../template.ts";

/**
 * Resolves `Ref`, `Fn::Sub`, `Fn::GetAtt` and `Fn::If` in a value of a template. Locally a resource has its logical id as
 * its name: `!Ref UploadsQueue` and `!GetAtt UploadsQueue.QueueName` are both `UploadsQueue`, and the ARN of
 * `X` is `arn:local:X`.
 *
 * @param parameters values that differ from the parameters' defaults
 */
export function createResolver(
  template: Template,
  parameters: Readonly<Record<string, string>>,
): (value: unknown) => unknown {
  const declared = (template.Parameters ?? {}) as Record<string, { Default?: unknown }>;

  const name = (reference: string): string => {
    const [logicalId = "", ...attribute] = reference.split(".");
    const parameter = parameters[logicalId] ?? declared[logicalId]?.Default;
    if (parameter !== undefined) return String(parameter);
    if (logicalId.startsWith("AWS::")) return `local-${logicalId.slice("AWS::".length)}`;
    const path = attribute.join(".");
    // SAM's name for the function's published version.
    if (path === "Version.Version") return LOCAL_VERSION;
    return path === "Arn" ? localArn(logicalId) : logicalId;
  };

  const substitute = (text: string, variables: Readonly<Record<string, unknown>>): string =>
    text.replace(/\$\{(!?)([^}]+)\}/g, (_, literal: string, reference: string) => {
      if (literal === "!") return `\${${reference}}`;
      const variable = variables[reference];
      return variable === undefined ? name(reference) : String(resolve(variable));
    });

  const conditions = (template.Conditions ?? {}) as Record<string, unknown>;

  /** A condition's own functions, and the name of one. */
  const holds = (condition: unknown): boolean => {
    if (typeof condition === "string") return holds(conditions[condition]);
    const [[key, argument] = []] = Object.entries(condition as Record<string, unknown>);
    if (key === "Condition") return holds(argument);
    const operands = argument as readonly unknown[];
    if (key === "Fn::Equals") return String(resolve(operands[0])) === String(resolve(operands[1]));
    if (key === "Fn::Not") return !holds(operands[0]);
    if (key === "Fn::And") return operands.every(holds);
    if (key === "Fn::Or") return operands.some(holds);
    throw new Error(`template.yaml: ${key} is no function of a condition`);
  };

  const resolve = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(resolve);
    if (typeof value !== "object" || value === null) return value;
    const [[key, argument] = [], ...others] = Object.entries(value);
    if (others.length === 0) {
      if (key === "Ref") return name(String(argument));
      if (key === "Fn::GetAtt") return name(Array.isArray(argument) ? argument.join(".") : String(argument));
      if (key === "Fn::If") {
        const [condition, then, otherwise] = argument as readonly unknown[];
        return resolve(holds(condition) ? then : otherwise);
      }
      if (key === "Fn::Sub") {
        const [text, variables] = Array.isArray(argument) ? argument : [argument, {}];
        return substitute(String(text), variables);
      }
    }
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, resolve(inner)]));
  };
  return resolve;
}

/** The version that runs here: nothing is published. */
export const LOCAL_VERSION = "$LATEST";

/** The local stand-in for the ARN of a resource. */
export function localArn(logicalId: string): string {
  return `arn:local:${logicalId}`;
}
