/** A file to upload and the key it gets: its path within the chosen or dropped folder. */
export interface KeyedFile {
  readonly key: string;
  readonly file: File;
}

const IMAGE_NAME = /\.(jpe?g|jpe|jfif|png|webp|gif|avif|heic|heif|tiff?|bmp|svg)$/i;

/** A folder brings other things along, `.DS_Store` and `notes.txt`; a file that was chosen by itself is taken as it is. */
export function keepImages(files: readonly KeyedFile[]): KeyedFile[] {
  return files.filter(({ key, file }) => {
    const name = key.split("/").at(-1) ?? "";
    return (
      !key.includes("/") ||
      (!name.startsWith(".") && (IMAGE_NAME.test(name) || file.type.startsWith("image/")))
    );
  });
}

/** Files of an `<input type="file">`, with or without `webkitdirectory`. */
export function filesOfInput(input: HTMLInputElement): KeyedFile[] {
  return [...(input.files ?? [])].map((file) => ({
    key: file.webkitRelativePath === "" ? file.name : file.webkitRelativePath,
    file,
  }));
}

/** Files of a drop, folders with all that is in them. */
export async function filesOfDrop(data: DataTransfer): Promise<KeyedFile[]> {
  // The entries must be asked for before the first await: the browser empties the transfer then.
  const entries = [...data.items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  if (entries.length === 0) return [...data.files].map((file) => ({ key: file.name, file }));
  return (await Promise.all(entries.map((entry) => filesOfEntry(entry)))).flat();
}

/** Pictures of a paste; they have no name of their own, so the time is their name. */
export function filesOfPaste(data: DataTransfer | null): KeyedFile[] {
  const time = new Date().toISOString().slice(0, 19).replaceAll(":", "-");
  return [...(data?.files ?? [])].map((file, index) => {
    const extension = file.type.split("/")[1] ?? "png";
    return { key: `pasted-${time}${index === 0 ? "" : `-${index + 1}`}.${extension}`, file };
  });
}

async function filesOfEntry(entry: FileSystemEntry): Promise<KeyedFile[]> {
  const key = entry.fullPath.replace(/^\//, "");
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => {
      (entry as FileSystemFileEntry).file(resolve, reject);
    });
    return [{ key, file }];
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const children: FileSystemEntry[] = [];
  for (;;) {
    // A reader gives at most a hundred entries a call, and none at the end.
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (some.length === 0) break;
    children.push(...some);
  }
  return (await Promise.all(children.map((child) => filesOfEntry(child)))).flat();
}
