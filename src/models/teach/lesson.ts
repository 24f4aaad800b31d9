import { readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { CommandError } from "../errors.ts";
import { readImageFolder, readImageList } from "../evaluate/dataset.ts";
import { sha256 } from "../folder.ts";

/** The folder of images that belong to no label. */
export const OTHER_LABEL = "_other";

/** Of each label: with fewer there is nothing to estimate; below the second, estimates are rough. */
const MIN_IMAGES = 5;
const FEW_IMAGES = 10;

export interface LessonImage {
  readonly path: string;
  /** As it is shown: below the folder that it came from. */
  readonly file: string;
  readonly label: string;
}

/** The images to learn from. */
export interface Lesson {
  readonly labels: readonly string[];
  readonly images: readonly LessonImage[];
  readonly others: readonly LessonImage[];
  readonly warnings: readonly string[];
}

/**
 * Reads folders in ImageFolder layout, or the images that lists name below the first folder. The same bytes count once: of
 * two folders the later one is right, so that corrections follow what they correct.
 *
 * @throws CommandError DATASET_WRONG for fewer than two labels, or fewer than five images of one
 */
export function readLesson(folders: readonly string[], lists: readonly string[] = []): Lesson {
  const [first = "."] = folders;
  const read =
    lists.length > 0
      ? lists.map((list) => ({ folder: first, pictures: readImageList(list, first) }))
      : folders.map((folder) => ({ folder, pictures: readImageFolder(folder) }));
  const byContent = new Map<string, LessonImage & { folder: string }>();
  const warnings: string[] = [];
  for (const { folder, pictures } of read) {
    for (const { file, label } of pictures) {
      const path = join(folder, file);
      const hash = sha256(readFileSync(path));
      const before = byContent.get(hash);
      if (before !== undefined && before.folder === folder && before.label !== label) {
        warnings.push(
          `${before.file} and ${file} are the same file under two labels: counted as ${label}, put it where it belongs`,
        );
      }
      byContent.set(hash, { path, file: relative(folder, path), label, folder });
    }
  }
  const images = [...byContent.values()].map(({ path, file, label }) => ({ path, file, label }));
  const taught = images.filter(({ label }) => label !== OTHER_LABEL);
  const labels = [...new Set(taught.map(({ label }) => label))].sort();
  assertEnough(labels, taught, warnings, folders);
  return { labels, images: taught, others: images.filter(({ label }) => label === OTHER_LABEL), warnings };
}

function assertEnough(
  labels: readonly string[],
  images: readonly LessonImage[],
  warnings: string[],
  folders: readonly string[],
): void {
  if (labels.length < 2) {
    throw new CommandError(
      "DATASET_WRONG",
      `expected at least two labels, folders of images in ${folders.join(", ")}, got ${labels.join(", ") || "none"}`,
    );
  }
  const counts = labels.map((label) => ({
    label,
    count: images.filter((image) => image.label === label).length,
  }));
  const shown = (few: typeof counts): string =>
    few.map(({ label, count }) => `${label} (${count})`).join(", ");
  const tooFew = counts.filter(({ count }) => count < MIN_IMAGES);
  if (tooFew.length > 0) {
    throw new CommandError(
      "DATASET_WRONG",
      `expected at least ${MIN_IMAGES} images of each label, got fewer of ${shown(tooFew)}: add some, 20 are better`,
    );
  }
  const few = counts.filter(({ count }) => count < FEW_IMAGES);
  if (few.length > 0)
    warnings.push(
      `fewer than ${FEW_IMAGES} images of ${shown(few)}: the estimate is rough, 20 of each are better`,
    );
}
