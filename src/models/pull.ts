import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { type Progress, startProgress } from "../progress.ts";
import { readMembers } from "./archive.ts";
import { type Download, download, sha256OfFile } from "./download.ts";
import { CommandError, messageOf } from "./errors.ts";
import { assertReplaceable, MODELS_DIR } from "./folder.ts";
import { type ImportedModel, type ImportOptions, importTflite } from "./import.ts";
import type { Archive, PublishedModel } from "./published.ts";

export interface PullOptions extends Omit<ImportOptions, "source"> {
  readonly name: string;
  readonly baseUrl: string;
  /** Where archives are kept, so that a second pull needs no network. */
  readonly downloads: string;
  /** An archive that was downloaded by other means. */
  readonly from?: string;
  /** Takes the unpacked file and what became of it, while it is there. */
  readonly onImported?: (file: string, model: ImportedModel, options: ImportOptions) => Promise<void>;
  readonly startProgress?: typeof startProgress;
  /** How patient to be. */
  readonly network?: Pick<Download, "attempts" | "retryDelayMs" | "stallTimeoutMs">;
}

/**
 * Downloads a published model, checks its pinned hash, takes the model and its labels out and imports them.
 *
 * @throws CommandError ALREADY_THERE, DOWNLOAD_FAILED (naming the file to put where), HASH_WRONG,
 *   ARCHIVE_WRONG, or what the import throws.
 */
export async function pullModel(model: PublishedModel, options: PullOptions): Promise<ImportedModel> {
  assertReplaceable(join(options.out ?? MODELS_DIR, options.name), options.force ?? false);
  const archive = options.from ?? (await fetchArchive(model.archive, options));
  if (options.from !== undefined) await assertHash(options.from, model.archive);
  const unpacked = mkdtempSync(join(tmpdir(), "model-pull-"));
  try {
    const [tflite] = await readMembers(archive, [model.modelMember]);
    const file = join(unpacked, tflite?.name ?? "");
    writeFileSync(file, tflite?.bytes ?? new Uint8Array());
    const labels = options.labels ?? (await unpackLabels(model, archive, unpacked, options));
    const importOptions = { ...options, labels, source: urlOf(model.archive, options) };
    const imported = importTflite(file, importOptions);
    await options.onImported?.(file, imported, importOptions);
    return imported;
  } finally {
    rmSync(unpacked, { recursive: true, force: true });
  }
}

async function unpackLabels(
  { archive, labels }: PublishedModel,
  archiveFile: string,
  folder: string,
  options: PullOptions,
): Promise<string> {
  const holder = labels.archive === archive ? archiveFile : await fetchArchive(labels.archive, options);
  const [member] = await readMembers(holder, [labels.member]);
  const file = join(folder, "labels.txt");
  writeFileSync(file, member?.bytes ?? new Uint8Array());
  return file;
}

async function fetchArchive(archive: Archive, options: PullOptions): Promise<string> {
  const url = urlOf(archive, options);
  const file = join(options.downloads, basename(archive.path));
  const start = options.startProgress ?? startProgress;
  let progress: Progress | undefined;
  try {
    await download({
      ...options.network,
      ...{ url, file, sha256: archive.sha256 },
      onProgress(received, total) {
        if (total === undefined) return;
        progress ??= start({ label: basename(file), total: total / 1e6, unit: "MB" });
        progress.update(received / 1e6);
      },
    });
  } catch (error) {
    if (!(error instanceof CommandError) || error.code !== "DOWNLOAD_FAILED") throw error;
    throw new CommandError(
      "DOWNLOAD_FAILED",
      `${messageOf(error)}. Download it by other means and put it at ${file}, then run this again; what has arrived so far is kept`,
      { cause: error },
    );
  } finally {
    progress?.stop();
  }
  return file;
}

async function assertHash(file: string, archive: Archive): Promise<void> {
  let actual: string;
  try {
    actual = await sha256OfFile(file);
  } catch (error) {
    throw new CommandError("FILE_UNREADABLE", `cannot read the archive: ${messageOf(error)}`, {
      cause: error,
    });
  }
  if (actual !== archive.sha256) {
    throw new CommandError(
      "HASH_WRONG",
      `expected ${file} to be ${basename(archive.path)} with the SHA-256 ${archive.sha256}, got ${actual}`,
    );
  }
}

function urlOf(archive: Archive, { baseUrl }: PullOptions): string {
  return `${baseUrl.replace(/\/+$/, "")}/${archive.path}`;
}
