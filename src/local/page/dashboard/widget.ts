import type { WidgetPlace } from "../api.ts";

/** One line or number of a widget: a metric or an expression. */
export interface MetricEntry {
  /** The id that expressions use; made up (`#0`) where the dashboard gives none. */
  readonly id: string;
  readonly source:
    | {
        readonly kind: "metric";
        readonly namespace: string;
        readonly name: string;
        readonly dimensions: Readonly<Record<string, string>>;
      }
    | { readonly kind: "expression"; readonly expression: string };
  readonly label: string | undefined;
  readonly stat: string;
  readonly periodMs: number;
  readonly visible: boolean;
  readonly color: string | undefined;
  readonly axis: "left" | "right";
}

export interface HorizontalLine {
  readonly value: number;
  readonly label: string | undefined;
  readonly color: string | undefined;
  readonly axis: "left" | "right";
}

export interface AxisOptions {
  readonly label: string | undefined;
  readonly min: number | undefined;
  readonly max: number | undefined;
}

export interface MetricWidget extends WidgetPlace {
  readonly kind: "metric";
  readonly view: "timeSeries" | "singleValue";
  readonly stacked: boolean;
  readonly entries: readonly MetricEntry[];
  readonly lines: readonly HorizontalLine[];
  /** ARNs of the alarms whose thresholds the widget shows. */
  readonly alarms: readonly string[];
  readonly left: AxisOptions;
  readonly right: AxisOptions;
  /** Numbers describe the whole range instead of its last period. */
  readonly setPeriodToTimeRange: boolean;
}

export interface TextWidget extends WidgetPlace {
  readonly kind: "text";
  readonly markdown: string;
}

export interface AlarmWidget extends WidgetPlace {
  readonly kind: "alarm";
  readonly alarms: readonly string[];
}

/** A widget that cannot be drawn here: shown with the reason, never left out silently. */
export interface UndrawableWidget extends WidgetPlace {
  readonly kind: "undrawable";
  readonly reason: string;
}

export type Widget = MetricWidget | TextWidget | AlarmWidget | UndrawableWidget;
