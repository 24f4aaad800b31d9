/** Everything that passes between the page's server and its client; both sides compile it. */

import type { Geometry } from "../../function/model/preprocessing.ts";

export type AlarmState = "OK" | "ALARM" | "INSUFFICIENT_DATA";

/** Where a widget stands in the dashboard's grid of 24 columns. */
export interface WidgetPlace {
  /** Stable within one dashboard: its place in the body. */
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
  readonly isComposite: boolean;
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

/** Milliseconds of each stage that a result object names. */
export interface StageTimes {
  readonly fetch: number;
  readonly decode: number;
  readonly normalize: number;
  readonly infer: number;
  readonly rank: number;
}

export type PictureStatus = "waiting" | "classified" | "rejected" | "dead";

/** One object of the uploads bucket with what its result object says. */
export interface PictureView {
  readonly key: string;
  readonly eTag: string;
  readonly sizeBytes: number;
  /** Milliseconds since the epoch. */
  readonly uploadedAt: number;
  /** `waiting` has no result yet; `dead` was given up and lies in the dead-letter queue. */
  readonly status: PictureStatus;
  readonly label?: string;
  readonly score?: number;
  /** The model says that it is like none of its labels. */
  readonly isUnknown?: boolean | undefined;
  /** What the model's further heads say first, as `<head>: <label>`. */
  readonly heads?: readonly string[] | undefined;
  /** Error code of a rejected picture. */
  readonly code?: string;
  readonly model?: string;
  readonly timingsMs?: StageTimes;
  readonly requestId?: string;
  /** The right label, where somebody has said it: a correction, or a confirmation when it equals `label`. */
  readonly corrected?: string;
}

/** What one model said of one upload, and when. Times are milliseconds since the epoch. */
export interface PastResult {
  readonly key: string;
  readonly eTag: string;
  readonly status: "classified" | "rejected";
  readonly model: string;
  readonly label?: string;
  readonly score?: number;
  readonly code?: string;
  readonly timingsMs?: StageTimes;
  readonly requestId?: string;
  /** S3 had the upload whole. */
  readonly uploadedAt: number;
  /** The invocation began; unknown of results that were found after a restart. */
  readonly startedAt?: number;
  /** The last stage before publishing had ended. */
  readonly classifiedAt: number;
  /** The result was stored; unknown as `startedAt`. */
  readonly storedAt?: number;
}

/** One upload that two models classified. */
export interface ComparedPair {
  readonly key: string;
  readonly eTag: string;
  readonly a: PastResult;
  readonly b: PastResult;
}

export interface PicturesMessage {
  /** The list begins anew: what is not in `upserts` is gone. */
  readonly reset: boolean;
  readonly upserts: readonly PictureView[];
  readonly removed: readonly string[];
}

export interface EnvironmentView {
  readonly id: string;
  readonly state: "starting" | "idle" | "busy" | "dead";
  readonly reason: string | null;
  readonly initDurationMs: number | null;
  readonly invocations: number;
  readonly maxMemoryUsedMb: number;
}

export interface DeadLetterView {
  readonly key: string | null;
  readonly receiveCount: number;
  /** Error code of the last attempt, where the function logged one. */
  readonly code: string | null;
  readonly reason: string;
}

export type Fault = "none" | "unavailable" | "slow";

export interface RuntimeView {
  readonly queue: {
    readonly waiting: number;
    readonly inFlight: number;
    readonly dead: number;
    readonly oldestAgeMs: number;
    /** Uploads that came back too often and are tried alone. */
    readonly isolation: { readonly waiting: number; readonly inFlight: number; readonly oldestAgeMs: number };
  };
  /** At most 50 of the dead letters. */
  readonly deadLetters: readonly DeadLetterView[];
  readonly environments: readonly EnvironmentView[];
  readonly coldStarts: number;
  readonly invocations: number;
  readonly model: string;
  readonly concurrency: number;
  readonly fault: Fault;
}

/** What does not change while the page is open. */
export interface PageInfo {
  /** `http://127.0.0.1:port` of the local S3 endpoint. */
  readonly s3Url: string;
  readonly uploadsBucket: string;
  readonly resultsBucket: string;
  /** How results are published: `object`, `annotation`, `lines`, `annotation+lines`. */
  readonly resultsAs: string;
  readonly annotationName: string;
  readonly models: readonly string[];
  /** How each model wants an image, by its name. */
  readonly geometries: Readonly<Record<string, Geometry>>;
  readonly maxConcurrency: number;
  /** The function's error table. */
  readonly errors: Readonly<Record<string, { readonly meaning: string; readonly retryable: boolean }>>;
}

/** Events of `GET /api/events`, by name. */
export interface ServerEvents {
  readonly info: PageInfo;
  readonly pictures: PicturesMessage;
  readonly runtime: RuntimeView;
  readonly dashboard: DashboardView;
}

/** Bodies of `POST /api/<name>`; each answers `{}` or, on failure, `{ error }`. */
export interface Actions {
  readonly fault: { readonly fault: Fault };
  /** The environment to kill; without an id, a busy one or else any. */
  readonly kill: { readonly id?: string };
  readonly redrive: Record<string, never>;
  readonly model: { readonly name: string };
  readonly concurrency: { readonly count: number };
  /** Without keys, every picture. */
  readonly rerun: { readonly keys?: readonly string[] };
  /** Removes uploads with their results and corrections. */
  readonly delete: { readonly keys: readonly string[] };
  /** Keeps the right label of a classified picture; `null` forgets it. */
  readonly correct: { readonly key: string; readonly label: string | null };
  /** Fetches an image from the web into the uploads bucket. */
  readonly fetch: { readonly url: string };
  /** 1 draws the dashboard and evaluates the alarms as deployed. */
  readonly clock: { readonly speed: number };
}

/** `GET /api/history?key=…&eTag=…` */
export interface HistoryAnswer {
  readonly results: readonly PastResult[];
}

/** `GET /api/comparison?a=…&b=…` */
export interface ComparisonAnswer {
  readonly pairs: readonly ComparedPair[];
}

/** `GET /api/emf?requestId=…` */
export interface EmfAnswer {
  readonly lines: readonly string[];
}

export interface ResultPrediction {
  readonly label: string;
  readonly score: number;
}

/** What a result object says, as far as the page shows it; `schemaVersion` and the rest are in its JSON. */
export interface ResultObject {
  readonly status: "classified" | "rejected";
  readonly image?: { readonly format: string; readonly width: number; readonly height: number };
  readonly model?: { readonly name: string };
  readonly predictions?: readonly ResultPrediction[];
  readonly unknown?: {
    readonly isUnknown: boolean;
    readonly similarity: number;
    readonly threshold: number;
  };
  readonly heads?: readonly { readonly name: string; readonly predictions: readonly ResultPrediction[] }[];
  readonly error?: { readonly code: string; readonly message: string };
  readonly timingsMs?: Partial<StageTimes>;
  readonly requestId?: string;
  readonly classifiedAt?: string;
}
