import type { AlarmView, DashboardView } from "../api.ts";
import { byId, h, setAttribute, setText } from "./dom.ts";
import { attempt } from "./notice.ts";
import { act } from "./server.ts";
import { WidgetCard } from "./widget.ts";

/** As in src/local/page/dashboard-feed.ts: a minute of the template in five seconds. */
const FAST = 12;

/** The dashboard of template.yaml: its widgets in its grid, and how fast its clock runs. */
export class DashboardPanel {
  readonly #grid = h("div", { class: "grid", tabIndex: 0, role: "group", "aria-label": "Widgets" });
  readonly #pace = h("p", { class: "quiet" });
  readonly #summary = h("output", { class: "alarm-summary" });
  readonly #cards = new Map<string, WidgetCard>();
  readonly #clocks = new Map<number, HTMLButtonElement>();

  constructor() {
    const title = byId("dashboard-title");
    const head = h("div", { class: "panel-head" });
    title.before(head);
    const clock = h(
      "div",
      { class: "segments", role: "group", "aria-label": "Clock of the dashboard" },
      this.#clock(
        FAST,
        "12 × faster",
        "Every period is divided by 12: a minute is five seconds, for the alarms too",
      ),
      this.#clock(1, "As deployed", "Periods and range exactly as in template.yaml"),
    );
    head.append(title, this.#pace, this.#summary, clock);
    byId("dashboard").append(this.#grid);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
      for (const card of this.#cards.values()) card.restyle();
    });
  }

  draw(view: DashboardView): void {
    const ids = new Set(view.widgets.map(({ id }) => id));
    for (const [id, card] of this.#cards) {
      if (ids.has(id)) continue;
      card.element.remove();
      this.#cards.delete(id);
    }
    for (const widget of view.widgets) {
      let card = this.#cards.get(widget.id);
      if (card === undefined) {
        card = new WidgetCard(widget);
        this.#cards.set(widget.id, card);
        this.#grid.append(card.element);
      }
      card.draw(widget, view);
    }
    for (const [speed, button] of this.#clocks)
      setAttribute(button, "aria-pressed", String(speed === view.speed));
    setText(
      this.#pace,
      view.speed === 1
        ? "as deployed"
        : `as deployed, but a minute takes ${60 / view.speed} s, for alarms too`,
    );
    this.#summarize(view.alarms);
  }

  #summarize(alarms: readonly AlarmView[]): void {
    const ringing = alarms.filter(({ state }) => state === "ALARM");
    setAttribute(this.#summary, "data-state", ringing.length > 0 ? "ALARM" : "OK");
    const names = ringing.map(({ name }) => name.replace(/Alarm$/, "")).join(", ");
    setText(this.#summary, ringing.length === 0 ? describeCalm(alarms) : `In alarm: ${names}`);
  }

  #clock(speed: number, label: string, meaning: string): HTMLElement {
    const button = h("button", {
      type: "button",
      "aria-pressed": String(speed === FAST),
      textContent: label,
      title: meaning,
    });
    button.onclick = () => attempt("Change the clock", () => act("clock", { speed }));
    this.#clocks.set(speed, button);
    return button;
  }
}

/** As the alarm widget shows them: composed alarms are no seventh one beside those that they are composed of. */
function describeCalm(alarms: readonly AlarmView[]): string {
  const composed = alarms.filter(({ isComposite }) => isComposite).length;
  return `${alarms.length - composed} alarms, none rings`;
}
