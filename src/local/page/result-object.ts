import type { PictureView, ResultObject } from "./api.ts";

export interface ReadResult {
  /** ETag of the upload that was classified. */
  readonly eTag: string | undefined;
  /** Milliseconds since the epoch. */
  readonly classifiedAt: number;
  readonly view: Pick<
    PictureView,
    "status" | "label" | "score" | "isUnknown" | "heads" | "code" | "model" | "timingsMs" | "requestId"
  >;
}

/** The few members of a result object that the list shows. Throws when it has no status. */
export function readResultObject(json: unknown): ReadResult {
  const result = json as ResultObject & { readonly source?: { readonly eTag?: string } };
  if (result?.status !== "classified" && result?.status !== "rejected") {
    throw new Error(`expected the status classified or rejected, got ${JSON.stringify(result?.status)}`);
  }
  const [best] = result.predictions ?? [];
  const { timingsMs, model, error, requestId, source, unknown, heads } = result;
  return {
    eTag: source?.eTag?.replaceAll('"', ""),
    classifiedAt: Date.parse(result.classifiedAt ?? ""),
    view: {
      status: result.status,
      ...(best !== undefined && { label: best.label, score: best.score }),
      // Told when absent too: the picture's last result may have had them.
      isUnknown: unknown?.isUnknown || undefined,
      heads: heads?.map(({ name, predictions: [first] }) => `${name}: ${first?.label ?? "–"}`),
      ...(error !== undefined && { code: error.code }),
      ...(model !== undefined && { model: model.name }),
      ...(requestId !== undefined && { requestId }),
      ...(timingsMs !== undefined && {
        timingsMs: {
          fetch: timingsMs.fetch ?? 0,
          decode: timingsMs.decode ?? 0,
          normalize: timingsMs.normalize ?? 0,
          infer: timingsMs.infer ?? 0,
          rank: timingsMs.rank ?? 0,
        },
      }),
    },
  };
}
