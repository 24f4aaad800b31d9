import "uplot/dist/uPlot.min.css";
import "./styles/all.css";
import { DashboardPanel } from "./dashboard.ts";
import { byId, setAttribute, setText } from "./dom.ts";
import { FlowPanel } from "./flow.ts";
import { formatScore } from "./format.ts";
import { Model } from "./model.ts";
import { announce } from "./notice.ts";
import { PicturesPanel } from "./pictures.ts";
import { type ConnectionState, connect } from "./server.ts";
import { Settings } from "./settings.ts";

const CONNECTION_TEXT: Readonly<Record<ConnectionState, string>> = {
  connecting: "Connecting",
  live: "Live",
  lost: "Not connected: start it again with npm start",
};

const model = new Model();
const settings = new Settings();
const pictures = new PicturesPanel(model);
const flow = new FlowPanel(model, pictures.uploads);
const dashboard = new DashboardPanel();

connect(
  {
    info(info) {
      model.info = info;
      settings.offer(info);
      pictures.draw();
    },
    runtime(runtime) {
      // What another model said is marked.
      if (model.runtime?.model !== runtime.model) model.changedRows();
      model.runtime = runtime;
      settings.draw(runtime);
      flow.draw(runtime);
    },
    pictures(message) {
      for (const { key, status, label, score, code } of model.apply(message)) {
        if (status === "classified") announce(`${key}: ${label}, ${formatScore(score ?? 0)}`);
        if (status === "rejected") announce(`${key}: rejected, ${code}`);
        if (status === "dead") announce(`${key}: given up`);
      }
    },
    dashboard(view) {
      dashboard.draw(view);
    },
  },
  (state) => {
    const isLost = state === "lost";
    document.documentElement.classList.toggle("stale", isLost);
    // What the server would have to do cannot be asked for.
    for (const id of ["settings", "flow"]) byId(id).inert = isLost;
    pictures.isConnected = !isLost;
    if (state === "live") pictures.uploads.retryAll();
    setAttribute(byId("connection"), "data-state", state);
    setText(byId("connection"), CONNECTION_TEXT[state]);
  },
);
