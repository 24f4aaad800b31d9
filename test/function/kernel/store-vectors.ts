import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { FILTER_NAMES, modelCase, pillowPixels } from "./cases.ts";

/** What `vectors.json` holds Pillow's result of, in this order: `node test/function/kernel/store-vectors.ts` writes it. */
export const STORED_CASES = [
  ...FILTER_NAMES.flatMap((filter) =>
    (
      [
        [23, 17],
        [6, 5],
      ] as const
    ).map((size) => modelCase(size, [12, 11], filter)),
  ),
  ...[2, 3, 4, 5, 6, 7, 8].map((orientation) => modelCase([23, 17], [12, 11], "linear", { orientation })),
  modelCase([17, 40], [12, 11], "linear", { channels: 1, orientation: 8 }),
  modelCase([9, 10], [7, 11], "cubic"),
];

if (import.meta.main) {
  const texts = pillowPixels(STORED_CASES).map((pixels) => Buffer.from(pixels).toString("base64"));
  writeFileSync(join(import.meta.dirname, "vectors.json"), `${JSON.stringify(texts, null, 2)}\n`);
}
