import { InvalidArgumentError } from "commander";

/** Rows of one group do the same work, so that their times compare. */
export type RowGroup = "end to end" | "deployed" | "preprocessing" | "inference";

export interface RowEntry {
  id: string;
  title: string;
  group: RowGroup;
  /** What it needs beyond the project: rows without it are left out by name. */
  needs?: "peers" | "python";
  /** A row of Python's; the others are opened by `openers.ts`, in a Node process of their own. */
  pillow?: "bilinear" | "lanczos" | "draft" | "loops";
  /** Too slow to repeat on 12 MP pictures for what it tells. */
  smallOnly?: boolean;
}

/** The function with its S3 client: how far S3 is away, and how many pictures an invocation has. */
export const DEPLOYED = [0, 30, 100].flatMap((latencyMs) =>
  [1, 10, 50].map((batch) => ({ latencyMs, batch })),
);

export function deployedId(latencyMs: number, batch: number): string {
  return `deployed-${latencyMs}ms-${batch}`;
}

/** Every row of the bench, in the order of the table. */
export const ROWS: readonly RowEntry[] = [
  { id: "baseline", title: "published baseline's method", group: "end to end" },
  {
    id: "vectorised",
    title: "published optimised method",
    group: "end to end",
  },
  {
    id: "transformers",
    title: "transformers.js pipeline, q8",
    group: "end to end",
    needs: "peers",
  },
  {
    id: "jimp",
    title: "jimp, the same model",
    group: "end to end",
    needs: "peers",
    smallOnly: true,
  },
  { id: "ours-serial", title: "ours, one by one", group: "end to end" },
  { id: "ours", title: "ours, as deployed", group: "end to end" },
  { id: "ours-uint8", title: "ours, uint8 input", group: "end to end" },
  { id: "ours-2-threads", title: "ours, 2 ORT threads", group: "end to end" },
  { id: "bare-serial", title: "floor of its parts, one by one", group: "end to end" },
  { id: "bare", title: "floor of its parts, overlapped", group: "end to end" },
  { id: "floor-serial", title: "floor of sharp, one by one", group: "end to end" },
  { id: "floor", title: "floor of sharp, overlapped", group: "end to end" },
  ...DEPLOYED.map(
    ({ latencyMs, batch }): RowEntry => ({
      id: deployedId(latencyMs, batch),
      title: `S3 at ${latencyMs} ms, batches of ${batch}`,
      group: "deployed",
      smallOnly: true,
    }),
  ),
  {
    id: "pre-loops",
    title: "Pillow, three nested loops",
    group: "preprocessing",
    needs: "python",
    pillow: "loops",
  },
  {
    id: "pre-jimp",
    title: "jimp",
    group: "preprocessing",
    needs: "peers",
    smallOnly: true,
  },
  {
    id: "pre-transformers",
    title: "transformers.js processor",
    group: "preprocessing",
    needs: "peers",
  },
  {
    id: "pre-lanczos",
    title: "Pillow Lanczos + NumPy",
    group: "preprocessing",
    needs: "python",
    pillow: "lanczos",
  },
  {
    id: "pre-bilinear",
    title: "Pillow bilinear + NumPy",
    group: "preprocessing",
    needs: "python",
    pillow: "bilinear",
  },
  {
    id: "pre-draft",
    title: "Pillow bilinear with draft() + NumPy",
    group: "preprocessing",
    needs: "python",
    pillow: "draft",
  },
  { id: "pre-ours", title: "ours, one by one", group: "preprocessing" },
  { id: "infer-float32", title: "float32 graph", group: "inference" },
  { id: "infer-int8", title: "INT8 graph", group: "inference" },
];

/** The row that each group's ratios are told against: how often faster than it. */
export const REFERENCE_ROWS: Readonly<Record<RowGroup, string>> = {
  "end to end": "baseline",
  deployed: "deployed-0ms-10",
  preprocessing: "pre-loops",
  inference: "infer-float32",
};

/** A commander parser for the ids of rows, with commas between them. */
export function rowIds(text: string): string[] {
  const known = ROWS.map(({ id }) => id);
  const ids = text.split(",");
  const unknown = ids.find((id) => !known.includes(id));
  if (unknown === undefined) return ids;
  throw new InvalidArgumentError(`Expected rows of ${known.join(", ")}; got ${unknown}.`);
}
