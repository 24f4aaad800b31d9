import { subscribe } from "node:diagnostics_channel";
import Module from "node:module";
import type { Step } from "./sample.ts";

/**
 * Preloaded into a starting process: notes when the natives are loaded, the session is opened, the first picture is
 * decoded, the model runs first, and S3 is asked. It wraps what is loaded, so the bundle stays as deployed.
 */
type Wrapped = (this: unknown, ...args: unknown[]) => unknown;
type Target = Record<string, Wrapped>;
const steps: Step[] = [];
(globalThis as { coldStartSteps?: Step[] }).coldStartSteps = steps;

/** Notes the first `times` calls of a method, until what it returns is settled. */
function trace(target: Target, method: string, name: string, then?: (result: unknown) => void): void {
  const original = target[method];
  let first = true;
  target[method] = function (...args) {
    const startMs = performance.now();
    const result = original?.apply(this, args);
    if (!first) return result;
    first = false;
    const end = (value: unknown): unknown => {
      steps.push({ name, startMs, endMs: performance.now() });
      then?.(value);
      return value;
    };
    return result instanceof Promise ? result.then(end) : end(result);
  };
}

const loader = Module as unknown as { _load: Wrapped };
const load = loader._load;
const packages: Record<string, (loaded: never) => void> = {
  // With libjpeg-turbo behind it: the function decodes JPEGs by it, its floor by sharp.
  koffi: () => {},
  sharp: ({ prototype }: { prototype: Target }) => trace(prototype, "toBuffer", "first decode"),
  "onnxruntime-node": ({ InferenceSession }: { InferenceSession: Target }) =>
    trace(InferenceSession, "create", "session", (session) => trace(session as Target, "run", "first run")),
};
loader._load = function (...args) {
  const name = String(args[0]);
  const onLoad = packages[name];
  if (onLoad === undefined) return load.apply(this, args);
  delete packages[name];
  const startMs = performance.now();
  const loaded = load.apply(this, args);
  steps.push({ name: `load ${name}`, startMs, endMs: performance.now() });
  onLoad(loaded as never);
  return loaded;
};

const requests = new Map<unknown, number>();
subscribe("http.client.request.start", (message) => {
  requests.set((message as { request: unknown }).request, performance.now());
});
subscribe("http.client.response.finish", (message) => {
  const { request } = message as { request: { method: string } };
  const startMs = requests.get(request) ?? performance.now();
  steps.push({ name: `S3 ${request.method}`, startMs, endMs: performance.now() });
});
