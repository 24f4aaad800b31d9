import { randomUUID } from "node:crypto";
import { type FileHandle, mkdir, open, readdir, rm } from "node:fs/promises";
import { join } from "node:path";

/** Files with the bytes of objects and parts, named at random: no key ever becomes a file name. */
export interface DataFiles {
  /** Writes the chunks to a new file and returns its name; nothing is left behind when `chunks` throws. */
  write(chunks: AsyncIterable<Buffer>): Promise<string>;
  /** Opens a file for reading. An open file stays readable after `remove`. Throws ENOENT. */
  open(name: string): Promise<FileHandle>;
  /** The bytes `start` up to `end` (exclusive), or the whole file. */
  read(name: string, start?: number, end?: number): AsyncIterable<Buffer>;
  remove(names: Iterable<string>): Promise<void>;
  /** Removes every file that is not in `used`: what a killed server left half-written. */
  sweep(used: ReadonlySet<string>): Promise<void>;
}

/** Data files in the folder `directory`, which is created. */
export async function openDataFiles(directory: string): Promise<DataFiles> {
  await mkdir(directory, { recursive: true });
  async function remove(names: Iterable<string>): Promise<void> {
    for (const name of names) await rm(join(directory, name), { force: true });
  }
  return {
    async write(chunks) {
      const name = randomUUID();
      const file = await open(join(directory, name), "wx");
      try {
        for await (const chunk of chunks) await file.writeFile(chunk);
      } catch (error) {
        await file.close();
        await remove([name]);
        throw error;
      }
      await file.close();
      return name;
    },
    open: (name) => open(join(directory, name), "r"),
    async *read(name, start = 0, end) {
      if (end !== undefined && end <= start) return;
      const file = await open(join(directory, name), "r");
      const stream = file.createReadStream({ start, ...(end !== undefined && { end: end - 1 }) });
      yield* stream as AsyncIterable<Buffer>;
    },
    remove,
    async sweep(used) {
      await remove((await readdir(directory)).filter((name) => !used.has(name)));
    },
  };
}
