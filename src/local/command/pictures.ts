import { readdir, stat } from "node:fs/promises";
import { extname, join } from "node:path";

/** A folder holds other things too; a file that is named on the command line is taken whatever it is called. */
const PICTURE_EXTENSIONS = new Set(
  ".jpg .jpeg .jpe .jfif .png .webp .gif .avif .heic .heif .tif .tiff .bmp .svg".split(" "),
);

export interface FoundPictures {
  /** In the order of the command line; those of a folder by name. */
  readonly files: readonly string[];
  /** One sentence for each path that cannot be classified. */
  readonly problems: readonly string[];
}

/** Files as they are given, and the pictures in folders and their subfolders. */
export async function findPictures(paths: readonly string[]): Promise<FoundPictures> {
  const files: string[] = [];
  const problems: string[] = [];
  for (const path of paths) {
    const found = await stat(path).catch((error: NodeJS.ErrnoException) => error);
    if (found instanceof Error) {
      problems.push(found.code === "ENOENT" ? `${path}: no such file` : `${path}: ${found.message}`);
    } else if (found.isDirectory()) {
      const inside = await picturesIn(path);
      if (inside.length === 0) problems.push(`${path}: no pictures in this folder`);
      files.push(...inside);
    } else if (found.isFile()) {
      files.push(path);
    } else {
      problems.push(`${path}: neither a file nor a folder`);
    }
  }
  return { files, problems };
}

async function picturesIn(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile() && PICTURE_EXTENSIONS.has(extname(entry.name).toLowerCase()))
    .map(({ parentPath, name }) => join(parentPath, name))
    .sort();
}
