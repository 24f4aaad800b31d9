import type { EmfDocument, EmfLine } from "../lambda/events.ts";
import type { LocalStack } from "../stack.ts";
import { readTemplate, type Template } from "../template.ts";
import type { DashboardView } from "./api.ts";
import { AlarmStates } from "./dashboard/alarms.ts";
import { drawDashboard } from "./dashboard/draw.ts";
import { storeEmf } from "./dashboard/emf.ts";
import { MetricStore } from "./dashboard/metric-store.ts";
import { type Dashboard, readDashboard } from "./dashboard/template.ts";
import type { KeptEmf } from "./emf-lines.ts";
import type { LineFile } from "./line-file.ts";
import { emitServiceMetrics, type KeptInvocation, storeInvocation } from "./service-metrics.ts";

/** A minute of the template in five seconds, so that half a minute shows something. */
export const FAST = 12;
/** A chart is at least so many periods wide, so that the first values are not a sliver at its edge. */
const MIN_PERIODS = 24;
const SHORTEST_PERIOD_MS = 60_000;

/** The dashboard of template.yaml over the metrics of this run. */
export class DashboardFeed {
  readonly store = new MetricStore();
  readonly #template: Template;
  readonly #stack: LocalStack;
  readonly #invocations: LineFile<KeptInvocation>;
  #startMs = Date.now();
  readonly #stopServiceMetrics: () => void;
  #dashboard: Dashboard;
  #states: AlarmStates;
  #speed = FAST;

  /**
   * @param emf lines that earlier runs kept
   * @param invocations of this run and of earlier ones
   */
  static async open(
    stack: LocalStack,
    modelName: string,
    emf: readonly KeptEmf[],
    invocations: LineFile<KeptInvocation>,
  ): Promise<DashboardFeed> {
    const feed = new DashboardFeed(stack, await readTemplate(), modelName, invocations);
    for (const invocation of await invocations.read()) storeInvocation(feed.store, invocation);
    for (const { line } of emf) {
      const document = JSON.parse(line) as EmfDocument;
      feed.#startMs = Math.min(feed.#startMs, document._aws.Timestamp);
      storeEmf(feed.store, document);
    }
    return feed;
  }

  private constructor(
    stack: LocalStack,
    template: Template,
    modelName: string,
    invocations: LineFile<KeptInvocation>,
  ) {
    this.#invocations = invocations;
    this.#stack = stack;
    this.#template = template;
    this.#dashboard = readDashboard(template, { ModelName: modelName });
    this.#states = new AlarmStates(this.store);
    this.#stopServiceMetrics = emitServiceMetrics(stack, this.store, (invocation) =>
      invocations.append(invocation),
    );
    stack.events.on("emf", this.#onEmf);
  }

  /** The dashboard of another model: the template's parameter ModelName is a dimension of its metrics. */
  setModel(modelName: string): void {
    this.#dashboard = readDashboard(this.#template, { ModelName: modelName });
    this.#states = new AlarmStates(this.store);
  }

  /** 1 as deployed; {@link FAST} divides every period and the range. */
  setSpeed(speed: number): void {
    this.#speed = speed;
    this.#states = new AlarmStates(this.store);
  }

  draw(): DashboardView {
    const nowMs = Date.now();
    const speed = this.#speed;
    const periodMs = SHORTEST_PERIOD_MS / speed;
    this.#states.evaluate(this.#dashboard.alarms, nowMs, speed);
    // The current period is drawn as far as it is known.
    const toMs = Math.floor(nowMs / periodMs + 1) * periodMs;
    const widest = toMs - this.#dashboard.rangeMs / speed;
    const narrowest = toMs - MIN_PERIODS * periodMs;
    const fromMs = Math.max(widest, Math.min(narrowest, Math.floor(this.#startMs / periodMs) * periodMs));
    return drawDashboard(this.#dashboard, { store: this.store, states: this.#states, fromMs, toMs, speed });
  }

  close(): Promise<void> {
    this.#stopServiceMetrics();
    this.#stack.events.off("emf", this.#onEmf);
    return this.#invocations.close();
  }

  readonly #onEmf = ({ document }: EmfLine): void => storeEmf(this.store, document);
}
