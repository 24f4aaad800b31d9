import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { startProgress } from "../../progress.ts";
import { CommandError, messageOf } from "../errors.ts";
import { assertModelName, assertReplaceable, modelFolder } from "../folder.ts";
import { type Backbone, openBackbone } from "./backbone.ts";
import { extractFeatures, type Features } from "./features.ts";
import { type Fit, fitHead } from "./fit.ts";
import { type Lesson, type LessonImage, readLesson } from "./lesson.ts";
import { judgeFit, type Report, type TriedBackbone } from "./report.ts";
import { guessSources } from "./sources.ts";
import { writeTaughtModel } from "./write.ts";

export interface TeachOptions {
  readonly name: string;
  /** Folders in ImageFolder layout. */
  readonly images: readonly string[];
  /** Lists of `file<TAB>label` below the first folder, instead of all that lies there. */
  readonly lists?: readonly string[];
  /** Names in `models`, or paths; all that are installed where left out. */
  readonly backbones?: readonly string[];
  /** A model in `models`, or a path: build on it, and keep its own labels as a further head. */
  readonly extend?: string;
  /** Folder of model folders. */
  readonly models: string;
  readonly force?: boolean;
}

/** A head that was fitted to one backbone, and the images that it was fitted to. */
export interface Attempt {
  readonly backbone: Backbone;
  readonly fit: Fit;
  readonly images: readonly LessonImage[];
  readonly features: readonly Features[];
  readonly unreadable: readonly { readonly file: string; readonly code: string }[];
  readonly hasSources: boolean;
}

/**
 * Teaches labels of one's own: tries each backbone, takes the one with the best estimate and writes it with the head as an
 * ordinary model folder.
 *
 * @throws CommandError USAGE, ALREADY_THERE, DATASET_WRONG, MODEL_INVALID, MODEL_UNSUPPORTED
 */
export async function teach(options: TeachOptions): Promise<Report> {
  assertModelName(options.name);
  const folder = join(options.models, options.name);
  assertReplaceable(folder, options.force ?? false);
  const lesson = readLesson(options.images, options.lists);
  const candidates = findBackbones(options);
  const attempts: Attempt[] = [];
  const tried: TriedBackbone[] = [];
  for (const candidate of candidates) {
    try {
      const attempt = await tryBackbone(candidate, lesson, options.extend !== undefined);
      attempts.push(attempt);
      tried.push({ name: attempt.backbone.name, ...judgeFit(attempt.fit) });
    } catch (error) {
      if (!(error instanceof CommandError) || candidates.length === 1) throw error;
      tried.push({ name: basename(candidate), problem: error.message });
    }
  }
  const recallOf = ({ fit }: Attempt) => judgeFit(fit).macroRecall;
  const best = attempts.reduce<Attempt | undefined>(
    (before, attempt) => (before === undefined || recallOf(attempt) > recallOf(before) ? attempt : before),
    undefined,
  );
  if (best === undefined)
    throw new CommandError("MODEL_UNSUPPORTED", `expected a backbone, got none:\n${problems(tried)}`);
  return writeTaughtModel(folder, lesson, best, tried);
}

async function tryBackbone(folder: string, lesson: Lesson, keepsHeads: boolean): Promise<Attempt> {
  const backbone = await openBackbone(folder, keepsHeads);
  const all = [...lesson.images, ...lesson.others];
  const label = `looking with ${backbone.name}`;
  const progress = startProgress({ label, total: all.length, unit: "images" });
  const results = await extractFeatures(
    backbone,
    all.map(({ path }) => path),
    { onProgress: (done) => progress.update(done) },
  ).finally(() => progress.stop());
  const seen = all.flatMap((image, index) => {
    const result = results[index];
    return result !== undefined && "values" in result ? [{ image, features: result }] : [];
  });
  const unreadable = all.flatMap(({ file }, index) => {
    const result = results[index];
    return result !== undefined && "code" in result ? [{ file, code: result.code }] : [];
  });
  const taught = seen.filter(({ image }) => lesson.images.includes(image));
  const images = taught.map(({ image }) => image);
  const features = taught.map((entry) => entry.features);
  assertStillEnough(lesson.labels, images, unreadable);
  const sources = guessSources(images.map(({ file, label: own }) => below(file, own)));
  const fit = fitHead({
    labels: lesson.labels,
    classes: images.map((image) => lesson.labels.indexOf(image.label)),
    features,
    others: seen.filter(({ image }) => lesson.others.includes(image)).map((entry) => entry.features),
    sources,
  });
  return { backbone, fit, images, features, unreadable, hasSources: sources !== undefined };
}

/** `cat/garden/1.jpg` → `garden/1.jpg`. */
function below(file: string, label: string): string {
  return file.startsWith(`${label}/`) ? file.slice(label.length + 1) : file;
}

function assertStillEnough(
  labels: readonly string[],
  images: readonly LessonImage[],
  unreadable: Attempt["unreadable"],
): void {
  const without = labels.filter((label) => images.filter((image) => image.label === label).length < 2);
  if (without.length === 0) return;
  const some = unreadable.slice(0, 5).map(({ file, code }) => `${file} (${code})`);
  throw new CommandError(
    "DATASET_WRONG",
    `expected images that the function accepts, too few of ${without.join(", ")} are: ${some.join(", ")}`,
  );
}

/** Folders of the models to try. Those that were taught themselves have the backbone of another. */
function findBackbones({ backbones, models, extend }: TeachOptions): string[] {
  if (extend !== undefined) return [modelFolder(extend, models)];
  if (backbones !== undefined) {
    return backbones.map((name) => {
      const folder = modelFolder(name, models);
      const taught = taughtFrom(folder);
      if (taught === undefined) return folder;
      throw new CommandError(
        "MODEL_UNSUPPORTED",
        `${name} was taught itself, behind ${taught}: pass --backbone ${taught}`,
      );
    });
  }
  const folders = (existsSync(models) ? readdirSync(models, { withFileTypes: true }) : [])
    .filter((entry) => (entry.isDirectory() || entry.isSymbolicLink()) && !entry.name.startsWith("."))
    .map(({ name }) => join(models, name))
    .filter((folder) => existsSync(join(folder, "config.json")) && taughtFrom(folder) === undefined);
  if (folders.length > 0) return folders.sort();
  throw new CommandError(
    "MODEL_INVALID",
    `expected a model in ${models} to be the backbone, there is none: \`npm run model -- pull mobilenet-v2\` gets one, \`model import FILE.tflite\` makes one`,
  );
}

function taughtFrom(folder: string): string | undefined {
  try {
    const config: { parts?: { backbone?: { name?: string } } } = JSON.parse(
      readFileSync(join(folder, "config.json"), "utf8"),
    );
    return config.parts?.backbone?.name;
  } catch {
    return undefined; // Whoever opens it says what is wrong with it.
  }
}

function problems(tried: readonly TriedBackbone[]): string {
  return tried
    .map((entry) => `${entry.name}: ${"problem" in entry ? entry.problem : messageOf(entry)}`)
    .join("\n");
}
