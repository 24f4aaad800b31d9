import { basename, join } from "node:path";
import fastify, { type FastifyInstance } from "fastify";
import { ERRORS } from "../../function/errors.ts";
import type { LocalStack } from "../stack.ts";
import { RESULTS_BUCKET, UPLOADS_BUCKET } from "../stack-events.ts";
import { ActionError } from "./action-error.ts";
import { createActions, MAX_CONCURRENCY } from "./actions.ts";
import { serveAnswers } from "./answers.ts";
import type { Actions, PageInfo, PastResult } from "./api.ts";
import { buildClient } from "./client-files.ts";
import { DashboardFeed } from "./dashboard-feed.ts";
import { EmfLines, type KeptEmf } from "./emf-lines.ts";
import { EventStream } from "./event-stream.ts";
import { FailureLines } from "./failure-lines.ts";
import { guardPage } from "./guard.ts";
import { History } from "./history.ts";
import { LineFile } from "./line-file.ts";
import { readGeometries } from "./model-input.ts";
import { findModels } from "./models.ts";
import { Pictures } from "./pictures.ts";
import { RuntimeFeed } from "./runtime-feed.ts";
import { ACTION_SCHEMAS } from "./schemas.ts";
import type { KeptInvocation } from "./service-metrics.ts";
import { Thumbnails } from "./thumbnails.ts";

const HOST = "127.0.0.1";
const DASHBOARD_MS = 1_000;
/** Of each file of earlier runs: some 40,000 results, or 8,000 invocations. */
const MAX_FILE_BYTES = 16 * 2 ** 20;

export interface PageOptions {
  readonly stack: LocalStack;
  /** 0, the default, takes a free port. */
  readonly port?: number;
}

export interface Page {
  /** `http://127.0.0.1:port` */
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Serves the local page on 127.0.0.1: the pictures of the stack, its queue and runtime, and the dashboard of
 * template.yaml drawn from its EMF lines.
 */
export async function startPage({ stack, port = 0 }: PageOptions): Promise<Page> {
  const models = findModels(stack.modelDir);
  const emfFile = new LineFile<KeptEmf>(join(stack.dataDir, "emf.jsonl"), MAX_FILE_BYTES);
  const earlier = await emfFile.read();
  const [files, dashboard, geometries] = await Promise.all([
    buildClient(),
    DashboardFeed.open(
      stack,
      basename(stack.modelDir),
      earlier,
      new LineFile<KeptInvocation>(join(stack.dataDir, "invocations.jsonl"), MAX_FILE_BYTES),
    ),
    readGeometries(models),
  ]);
  const stream = new EventStream();
  const emfLines = new EmfLines(stack, emfFile, earlier);
  const history = new History(
    stack,
    new LineFile<PastResult>(join(stack.dataDir, "history.jsonl"), MAX_FILE_BYTES),
  );
  const failures = new FailureLines(stack);
  const thumbnails = new Thumbnails(stack);
  const runtime = new RuntimeFeed(stack, failures, (view) => stream.send("runtime", view));
  const pictures = new Pictures(
    stack,
    (message) => stream.send("pictures", message),
    (result) => history.add(result),
  );
  const info: PageInfo = {
    s3Url: stack.s3Url,
    uploadsBucket: UPLOADS_BUCKET,
    resultsBucket: RESULTS_BUCKET,
    resultsAs: stack.resultsAs,
    annotationName: stack.annotationName,
    models: [...models.keys()],
    geometries,
    maxConcurrency: MAX_CONCURRENCY,
    errors: ERRORS,
  };

  // A page that is left open must not keep the program from ending.
  const app = fastify({ forceCloseConnections: true, bodyLimit: 16 * 1024 * 1024 });
  let url = "";
  guardPage(app, () => url, [stack.s3Url]);
  for (const [path, { contentType, body }] of files) {
    app.get(path, (_, reply) => reply.type(contentType).header("cache-control", "no-cache").send(body));
  }
  app.get("/api/events", (_, reply) => {
    reply.hijack();
    for (const [name, value] of Object.entries(reply.getHeaders())) reply.raw.setHeader(name, String(value));
    const snapshot = {
      info,
      runtime: runtime.view(),
      pictures: pictures.snapshot(),
      dashboard: dashboard.draw(),
    };
    stream.add(reply.raw, snapshot);
  });
  serveAnswers(app, { stack, info, pictures, history, emfLines, thumbnails });
  const context = { stack, models, pictures, runtime, dashboard };
  serveActions(app, createActions(context), () => stream.send("dashboard", dashboard.draw()));

  const timer = setInterval(() => {
    if (stream.isWatched) stream.send("dashboard", dashboard.draw());
  }, DASHBOARD_MS).unref();
  url = await app.listen({ host: HOST, port });
  stack.allowOrigin(url);
  const load = history.load().then(() => pictures.load());
  void load.catch((error: Error) => console.error("The buckets cannot be listed:", error.message));
  return {
    url,
    async close() {
      clearInterval(timer);
      stream.close();
      for (const part of [failures, runtime, pictures]) part.close();
      await Promise.all([dashboard.close(), emfLines.close(), history.close()]);
      await app.close();
    },
  };
}

function serveActions(
  app: FastifyInstance,
  actions: ReturnType<typeof createActions>,
  onDone: () => void,
): void {
  const serve = <Name extends keyof Actions>(name: Name): void => {
    app.post<{ Body: Actions[Name] }>(
      `/api/${name}`,
      { schema: { body: ACTION_SCHEMAS[name] } },
      async ({ body }) => {
        await actions[name](body as Actions[Name]);
        onDone();
        return {};
      },
    );
  };
  for (const name of Object.keys(actions) as (keyof Actions)[]) serve(name);
  app.setErrorHandler((error: Error & { statusCode?: number }, _, reply) => {
    const status = error instanceof ActionError ? 409 : (error.statusCode ?? 500);
    if (status >= 500) console.error("The page's server failed:", error);
    return reply.code(status).send({ error: error.message });
  });
}
