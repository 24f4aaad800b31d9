/** Everything that passes between the page's server and its client. No imports: both sides compile it. */

export type AlarmState = "OK" | "ALARM" | "INSUFFICIENT_DATA";

/** Where a widget stands in the dashboard's grid of 24 columns. */
export interface WidgetPlace {
  readonly id: string;
  readonly title: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface SeriesView {
  readonly label: string;
  /** The metric's name, for a colour that is the same on every chart; the label where it is an expression. */
  readonly name: string;
  readonly color: string | null;
  readonly axis: "left" | "right";
  readonly unit: string | null;
  readonly stat: string;
  /** Start of the period, epoch seconds, oldest first. */
  readonly timestamps: readonly number[];
  readonly values: readonly number[];
}

/** A horizontal line: an annotation of the dashboard, or the threshold of an alarm on one of its metrics. */
export interface LineView {
  readonly value: number;
  readonly label: string;
  readonly axis: "left" | "right";
  readonly color: string | null;
  readonly alarm: { readonly name: string; readonly state: AlarmState; readonly comparison: string } | null;
}

export interface AxisView {
  readonly label: string | null;
  readonly min: number | null;
  readonly max: number | null;
}

export interface AlarmView {
  readonly name: string;
  readonly description: string;
  readonly state: AlarmState;
  /** `failed pictures (%) > 5 for 3 of 5 min`, or the alarms that a composite alarm watches. */
  readonly condition: string;
}

export type WidgetView = WidgetPlace &
  (
    | { readonly kind: "text"; readonly markdown: string }
    | { readonly kind: "alarm"; readonly alarms: readonly AlarmView[] }
    | {
        readonly kind: "timeSeries";
        readonly stacked: boolean;
        readonly periodSeconds: number;
        readonly series: readonly SeriesView[];
        readonly lines: readonly LineView[];
        readonly left: AxisView;
        readonly right: AxisView;
      }
    | {
        readonly kind: "singleValue";
        readonly periodSeconds: number;
        readonly series: readonly SeriesView[];
      }
    | { readonly kind: "undrawable"; readonly reason: string }
  );

export interface DashboardView {
  /** Epoch seconds. */
  readonly from: number;
  readonly to: number;
  /** How many times faster than deployed: every period of the template is divided by it. */
  readonly speed: number;
  readonly widgets: readonly WidgetView[];
  readonly alarms: readonly AlarmView[];
}
