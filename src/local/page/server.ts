import { basename } from "node:path";
import fastify, { type FastifyInstance } from "fastify";
import { ERRORS } from "../../function/errors.ts";
import type { LocalStack } from "../stack.ts";
import { RESULTS_BUCKET, UPLOADS_BUCKET } from "../stack-events.ts";
import { ActionError, createActions, MAX_CONCURRENCY } from "./actions.ts";
import type { Actions, EmfAnswer, PageInfo } from "./api.ts";
import { buildClient } from "./client-files.ts";
import { DashboardFeed } from "./dashboard-feed.ts";
import { EmfLines } from "./emf-lines.ts";
import { EventStream } from "./event-stream.ts";
import { FailureLines } from "./failure-lines.ts";
import { guardPage } from "./guard.ts";
import { zipImageFolder } from "./image-folder.ts";
import { findModels } from "./models.ts";
import { Pictures } from "./pictures.ts";
import { RuntimeFeed } from "./runtime-feed.ts";
import { ACTION_SCHEMAS } from "./schemas.ts";
import { THUMBNAIL_SIZES, type ThumbnailSize, Thumbnails } from "./thumbnails.ts";

const HOST = "127.0.0.1";
const DASHBOARD_MS = 1_000;

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
  const [files, dashboard] = await Promise.all([
    buildClient(),
    DashboardFeed.open(stack, basename(stack.modelDir)),
  ]);
  const stream = new EventStream();
  const emfLines = new EmfLines(stack);
  const failures = new FailureLines(stack);
  const thumbnails = new Thumbnails(stack);
  const runtime = new RuntimeFeed(stack, failures, (view) => stream.send("runtime", view));
  const pictures = new Pictures(stack, (message) => stream.send("pictures", message));
  const info: PageInfo = {
    s3Url: stack.s3Url,
    uploadsBucket: UPLOADS_BUCKET,
    resultsBucket: RESULTS_BUCKET,
    models: [...models.keys()],
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
  app.get<{ Querystring: { requestId?: string } }>("/api/emf", ({ query }): EmfAnswer => {
    return { lines: emfLines.get(query.requestId ?? "") };
  });
  serveThumbnails(app, thumbnails);
  app.get("/api/corrections.zip", async (_, reply) => {
    const body = await zipImageFolder(stack.client, pictures.corrected());
    return reply
      .type("application/zip")
      .header("content-disposition", 'attachment; filename="corrections.zip"')
      .send(body);
  });
  const context = { stack, models, pictures, runtime, dashboard };
  serveActions(app, createActions(context), () => stream.send("dashboard", dashboard.draw()));

  const timer = setInterval(() => {
    if (stream.isWatched) stream.send("dashboard", dashboard.draw());
  }, DASHBOARD_MS).unref();
  url = await app.listen({ host: HOST, port });
  stack.allowOrigin(url);
  void pictures.load().catch((error: Error) => console.error("The buckets cannot be listed:", error.message));
  return {
    url,
    async close() {
      clearInterval(timer);
      stream.close();
      for (const part of [dashboard, emfLines, failures, runtime, pictures]) part.close();
      await app.close();
    },
  };
}

function serveThumbnails(app: FastifyInstance, thumbnails: Thumbnails): void {
  interface Query {
    readonly key: string;
    readonly eTag: string;
    readonly size: ThumbnailSize;
  }
  const querystring = {
    type: "object",
    required: ["key", "eTag", "size"],
    properties: {
      key: { type: "string", minLength: 1 },
      eTag: { type: "string" },
      size: { type: "integer", enum: THUMBNAIL_SIZES },
    },
  };
  app.get<{ Querystring: Query }>("/api/thumbnail", { schema: { querystring } }, async ({ query }, reply) => {
    const thumbnail = await thumbnails.make(query.key, query.eTag, query.size);
    // A broken upload is nothing unusual here, and browsers log a 404 as an error.
    if (thumbnail === undefined) return reply.code(204).send();
    // The ETag in the address changes with the picture.
    return reply
      .type("image/webp")
      .header("cache-control", "private, max-age=86400, immutable")
      .send(thumbnail);
  });
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
