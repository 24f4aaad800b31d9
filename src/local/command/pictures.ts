import { readdir, realpath, stat } from "node:fs/promises";
import { extname, join } from "node:path";

/** A folder holds other things too; a file that is named on the command line is taken whatever it is called. */
const PICTURE_EXTENSIONS = new Set(
  ".jpg .jpeg .jpe .jfif .png .webp .gif .avif .heic .heif .tif .tiff .bmp .svg".split(" "),
);

const STDIN = "-";

export function isPictureName(name: string): boolean {
  return PICTURE_EXTENSIONS.has(extname(name).toLowerCase());
}

export interface ImageFile {
  readonly path: string;
  /** What it is called in the output. */
  readonly name: string;
}

export interface FoundPictures {
  /** In the order of the command line; those of a folder by name. */
  readonly files: readonly ImageFile[];
  /** One sentence for each path that cannot be classified. */
  readonly problems: readonly string[];
}

/**
 * Files as they are given, and the pictures in folders and their subfolders; symbolic links are followed.
 *
 * @param readStdin writes what `-` stands for to a file
 */
export async function findPictures(
  paths: readonly string[],
  readStdin: () => Promise<string>,
): Promise<FoundPictures> {
  const files: ImageFile[] = [];
  const problems: string[] = [];
  let stdin: string | undefined;
  for (const path of paths) {
    if (path === STDIN) {
      stdin ??= await readStdin();
      files.push({ path: stdin, name: "stdin" });
      continue;
    }
    const found = await look(path);
    if (found instanceof Error) {
      problems.push(found.code === "ENOENT" ? `${path}: no such file` : `${path}: ${found.message}`);
    } else if (found.isDirectory()) {
      const inside: string[] = [];
      await collect(path, inside, problems, new Set());
      if (inside.length === 0) problems.push(`${path}: no pictures in this folder`);
      files.push(...inside.sort().map(named));
    } else if (found.isFile()) {
      files.push(named(path));
    } else {
      problems.push(`${path}: neither a file nor a folder`);
    }
  }
  return { files, problems };
}

/** A file called by its path. */
export function named(path: string): ImageFile {
  return { path, name: path };
}

/** @param entered real paths of the folders on the way, so that a link to one of them ends there */
async function collect(
  dir: string,
  files: string[],
  problems: string[],
  entered: ReadonlySet<string>,
): Promise<void> {
  const real = await realpath(dir);
  if (entered.has(real)) return;
  const within = new Set([...entered, real]);
  for (const { name } of await readdir(dir, { withFileTypes: true })) {
    const path = join(dir, name);
    const found = await look(path);
    const isPicture = isPictureName(name);
    if (found instanceof Error) {
      if (isPicture) problems.push(`${path}: a link to nothing (${found.code ?? found.message})`);
    } else if (found.isDirectory()) await collect(path, files, problems, within);
    else if (found.isFile() && isPicture) files.push(path);
  }
}

function look(path: string) {
  return stat(path).catch((error: NodeJS.ErrnoException) => error);
}
