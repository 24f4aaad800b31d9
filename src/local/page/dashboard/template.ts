import type { Template } from "../../template.ts";
import { type AlarmDefinition, readAlarm } from "./alarm-definition.ts";
import { parseDashboardBody, parseRange } from "./body.ts";
import { createResolver } from "./resolve.ts";
import type { Widget } from "./widget.ts";

/** The dashboard and the alarms of `template.yaml`, with the names that they have locally. */
export interface Dashboard {
  readonly widgets: readonly Widget[];
  readonly alarms: readonly AlarmDefinition[];
  /** How much time the charts show. */
  readonly rangeMs: number;
}

/**
 * Reads the one `AWS::CloudWatch::Dashboard` and every alarm of a template.
 *
 * @param parameters values of parameters that differ from their defaults, such as `ModelName`
 * @throws Error when there is no dashboard, or its body is not JSON
 */
export function readDashboard(template: Template, parameters: Readonly<Record<string, string>>): Dashboard {
  const resolve = createResolver(template, parameters);
  const resources = Object.entries(
    (template.Resources ?? {}) as Record<string, { Type?: unknown; Properties?: unknown }>,
  );
  const dashboard = resources.find(([, { Type }]) => Type === "AWS::CloudWatch::Dashboard")?.[1];
  if (dashboard === undefined)
    throw new Error("template.yaml has no resource of type AWS::CloudWatch::Dashboard");
  const { DashboardBody: body } = resolve(dashboard.Properties) as Record<string, unknown>;
  if (typeof body !== "string")
    throw new Error("DashboardBody in template.yaml should be a text with JSON in it");
  return {
    widgets: parseDashboardBody(body),
    rangeMs: parseRange(body),
    alarms: resources
      .filter(
        ([, { Type }]) => Type === "AWS::CloudWatch::Alarm" || Type === "AWS::CloudWatch::CompositeAlarm",
      )
      .map(([name, { Properties }]) => readAlarm(name, resolve(Properties) as Record<string, unknown>)),
  };
}
