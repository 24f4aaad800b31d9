import type { FastifyInstance } from "fastify";
import type { LocalStack } from "../stack.ts";
import type { ComparisonAnswer, EmfAnswer, HistoryAnswer, PageInfo } from "./api.ts";
import type { EmfLines } from "./emf-lines.ts";
import type { History } from "./history.ts";
import { zipImageFolder } from "./image-folder.ts";
import { renderModelInput } from "./model-input.ts";
import type { Pictures } from "./pictures.ts";
import { THUMBNAIL_SIZES, type ThumbnailSize, type Thumbnails } from "./thumbnails.ts";

const KEY = { type: "string", minLength: 1, maxLength: 1024 } as const;
const TEXT = { type: "string", maxLength: 255 } as const;

export interface AnswerContext {
  readonly stack: LocalStack;
  readonly info: PageInfo;
  readonly pictures: Pictures;
  readonly history: History;
  readonly emfLines: EmfLines;
  readonly thumbnails: Thumbnails;
}

/** What the page asks for when somebody looks closer. */
export function serveAnswers(app: FastifyInstance, context: AnswerContext): void {
  const { stack, pictures, history, emfLines } = context;
  app.get<{ Querystring: { requestId: string } }>(
    "/api/emf",
    asks({ requestId: TEXT }),
    ({ query }): EmfAnswer => ({ lines: emfLines.get(query.requestId) }),
  );
  // Whatever the way of publishing.
  app.get<{ Querystring: { key: string } }>("/api/result", asks({ key: KEY }), async ({ query }, reply) =>
    reply.type("application/json").send(JSON.stringify(await stack.readResult(query.key))),
  );
  app.get<{ Querystring: { key: string; eTag: string } }>(
    "/api/history",
    asks({ key: KEY, eTag: TEXT }),
    ({ query }): HistoryAnswer => ({ results: history.of(query.key, query.eTag) }),
  );
  app.get<{ Querystring: { a: string; b: string } }>(
    "/api/comparison",
    asks({ a: TEXT, b: TEXT }),
    ({ query }): ComparisonAnswer => ({ pairs: history.compare(pictures.all(), query.a, query.b) }),
  );
  app.get("/api/corrections.zip", async (_, reply) => {
    const body = await zipImageFolder(stack.client, pictures.corrected());
    return reply
      .type("application/zip")
      .header("content-disposition", 'attachment; filename="corrections.zip"')
      .send(body);
  });
  serveImages(app, context);
}

function serveImages(app: FastifyInstance, { stack, info, thumbnails }: AnswerContext): void {
  app.get<{ Querystring: { key: string; eTag: string; size: ThumbnailSize } }>(
    "/api/thumbnail",
    asks({ key: KEY, eTag: TEXT, size: { type: "integer", enum: THUMBNAIL_SIZES } }),
    async ({ query }, reply) => {
      const thumbnail = await thumbnails.make(query.key, query.eTag, query.size);
      // A broken upload is nothing unusual here, and browsers log a 404 as an error.
      if (thumbnail === undefined) return reply.code(204).send();
      return reply.type("image/webp").header("cache-control", IMMUTABLE).send(thumbnail);
    },
  );
  app.get<{ Querystring: { key: string; eTag: string; model: string } }>(
    "/api/input",
    asks({ key: KEY, eTag: TEXT, model: TEXT }),
    async ({ query }, reply) => {
      const geometry = info.geometries[query.model];
      const png = geometry && (await renderModelInput(stack, query.key, geometry).catch(() => undefined));
      if (png === undefined) return reply.code(204).send();
      return reply.type("image/png").header("cache-control", IMMUTABLE).send(png);
    },
  );
}

/** The ETag in the address changes with the picture. */
const IMMUTABLE = "private, max-age=86400, immutable";

function asks(properties: Readonly<Record<string, object>>) {
  return { schema: { querystring: { type: "object", properties, required: Object.keys(properties) } } };
}
