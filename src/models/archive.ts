import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { unzipSync } from "fflate";
import { list } from "tar";
import { CommandError, messageOf } from "./errors.ts";

/** Larger than any member that is wanted; a bomb is refused before it is unpacked. */
const MAX_MEMBER_BYTES = 256 * 1024 * 1024;

export interface Member {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/**
 * Takes the wanted members out of a .zip, .tgz or .tar.gz into memory: no path of the archive is ever
 * written, so none can escape a folder, and links and everything unwanted are skipped.
 *
 * @param wanted one expression a member, matched against base names; each must match exactly one
 * @throws CommandError ARCHIVE_WRONG
 */
export async function readMembers(archive: string, wanted: readonly RegExp[]): Promise<Member[]> {
  let members: Member[];
  try {
    const isWanted = (path: string) =>
      !isHidden(path) && wanted.some((pattern) => pattern.test(basename(path)));
    members = archive.endsWith(".zip") ? readZip(archive, isWanted) : await readTar(archive, isWanted);
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw new CommandError("ARCHIVE_WRONG", `cannot unpack ${archive}: ${messageOf(error)}`, {
      cause: error,
    });
  }
  return wanted.map((pattern) => {
    const found = members.filter(({ name }) => pattern.test(name));
    const [member] = found;
    if (member === undefined || found.length > 1) {
      throw new CommandError(
        "ARCHIVE_WRONG",
        `expected one member that matches ${pattern} in ${archive}, got ${found.length}`,
      );
    }
    return member;
  });
}

function readZip(archive: string, isWanted: (path: string) => boolean): Member[] {
  const unpacked = unzipSync(readFileSync(archive), {
    filter: ({ name, originalSize }) => isWanted(name) && isSmall(name, originalSize),
  });
  return Object.entries(unpacked).map(([path, bytes]) => ({ name: basename(path), bytes }));
}

async function readTar(archive: string, isWanted: (path: string) => boolean): Promise<Member[]> {
  const members: Promise<Member>[] = [];
  await list({
    file: archive,
    strict: true,
    filter: (path, entry) =>
      isWanted(path) && "type" in entry && entry.type === "File" && isSmall(path, entry.size),
    onReadEntry(entry) {
      members.push(
        entry.concat().then((bytes) => ({ name: basename(entry.path), bytes: new Uint8Array(bytes) })),
      );
    },
  });
  return Promise.all(members);
}

function isSmall(name: string, sizeBytes: number): boolean {
  if (sizeBytes <= MAX_MEMBER_BYTES) return true;
  throw new CommandError(
    "ARCHIVE_WRONG",
    `expected at most ${MAX_MEMBER_BYTES} bytes in ${name}, got ${sizeBytes}`,
  );
}

/** macOS writes a twin of each file into `__MACOSX` or as `._name`. */
function isHidden(path: string): boolean {
  return path.split("/").some((part) => part.startsWith(".") && part !== ".") || path.startsWith("__MACOSX/");
}
