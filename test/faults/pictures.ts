import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createClassifier } from "../../src/function/classifier.ts";
import type { Config } from "../../src/function/config.ts";
import { ClassifierError } from "../../src/function/errors.ts";
import { loadModel } from "../../src/function/model/load.ts";
import type { Prediction } from "../../src/function/stages/rank.ts";

/** A picture, and the only right answer to it. */
export interface KnownPicture {
  readonly name: string;
  readonly bytes: Buffer;
  /** The predictions, or the code of the rejection. */
  readonly answer: readonly Prediction[] | string;
}

const FIXTURES = [
  "barcode-1.png",
  "blank-1.jpg",
  "blank-2.png",
  "chart-1.png",
  "icon-1.png",
  "icon-2.webp",
  "screenshot-1.png",
  "screenshot-2.webp",
];

/** Fixtures and broken pictures, each with the answer that the pipeline gives when nothing is wrong around it. */
export async function knownPictures(modelDir: string, config: Config): Promise<KnownPicture[]> {
  const classifier = await createClassifier(await loadModel(modelDir), config);
  const files = new Map<string, Buffer>();
  for (const name of FIXTURES) {
    files.set(name, padded(await readFile(join(import.meta.dirname, "../fixtures", name))));
  }
  const whole = files.get("blank-1.jpg") ?? Buffer.alloc(0);
  files.set("truncated.jpg", whole.subarray(0, whole.length >> 1));
  files.set("text.jpg", Buffer.from("no picture\n"));
  const known: KnownPicture[] = [];
  for (const [name, bytes] of files) {
    try {
      const { predictions } = await classifier.classify(bytes);
      known.push({ name, bytes, answer: predictions });
    } catch (error) {
      if (!(error instanceof ClassifierError)) throw error;
      known.push({ name, bytes, answer: error.code });
    }
  }
  // A mix-up of two pictures could not be seen between equal answers.
  const scores = known.map(({ answer }) => JSON.stringify(answer));
  if (new Set(scores).size !== known.length) throw new Error("expected every picture to have its own answer");
  return known;
}

/** To a power of two, so that several pictures are of one size and only their ETags tell them apart. */
function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes], 2 ** Math.ceil(Math.log2(bytes.length)));
}
