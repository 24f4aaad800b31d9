import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, posix } from "node:path";
import { externalFiles } from "../../function/model/fingerprint.ts";
import { ONNX_FILES } from "../../function/model/load.ts";
import { fromPretrainedConfig } from "../../function/model/processors.ts";
import { type Progress, startProgress } from "../../progress.ts";
import { type Download, download } from "../download.ts";
import { CommandError, messageOf } from "../errors.ts";
import { assertModelName, assertReplaceable, toJson, writeModelFolder } from "../folder.ts";
import { summarizeOnnx } from "../onnx/reader.ts";
import {
  authorization,
  fetchSmall,
  type Hub,
  type HubFile,
  listFiles,
  pinCommit,
  type Repository,
  urlOf,
} from "./api.ts";
import { arithmeticOf, type Candidate, chooseCandidate, type Judged } from "./choose.ts";

export interface HubPullOptions {
  readonly hub: Hub;
  /** Default: the repository's. */
  readonly name?: string;
  /** Folder that the model's folder is made in. */
  readonly out: string;
  /** Where files are kept by their hash, so that a second pull needs no network for them. */
  readonly downloads: string;
  /** This ONNX file, instead of the one that is fastest here. */
  readonly file?: string;
  readonly force?: boolean;
  readonly network?: Pick<Download, "attempts" | "retryDelayMs" | "stallTimeoutMs">;
}

export interface PulledModel {
  readonly name: string;
  readonly folder: string;
  readonly repository: string;
  readonly commit: string;
  readonly candidates: readonly Omit<Judged, "folder">[];
}

/** Formats that never paid on a CPU (docs/models.md): fetched only where there is nothing else. */
const SELDOM = /(fp16|float16|q4|bnb4|4bit)/i;
const MAX_CANDIDATES = 4;

/**
 * Fetches a classifier from the Hugging Face hub at one commit: its configuration, and that of its ONNX files which runs
 * fastest here.
 *
 * @throws CommandError USAGE, ALREADY_THERE, DOWNLOAD_FAILED, HASH_WRONG, MODEL_UNSUPPORTED where there is no ONNX file or none
 *   that the function can run
 */
export async function pullFromHub(repository: Repository, options: HubPullOptions): Promise<PulledModel> {
  const { hub, out } = options;
  const { id } = repository;
  const name = options.name ?? id.split("/")[1] ?? id;
  assertModelName(name);
  const folder = join(out, name);
  assertReplaceable(folder, options.force ?? false);
  const commit = await pinCommit(hub, repository);
  const files = await listFiles(hub, id, commit);
  const configs = await fetchConfigs(hub, id, commit, files);
  const work = mkdtempSync(join(tmpdir(), "model-hub-"));
  try {
    const candidates: Candidate[] = [];
    for (const [index, file] of onnxFilesOf(files, id, options.file).entries()) {
      const candidate = join(work, String(index));
      candidates.push(await fetchCandidate(candidate, file, { ...options, id, commit, files, configs }));
    }
    const judged = await chooseCandidate(candidates);
    const taken = judged.find(({ isTaken }) => isTaken);
    const shown = judged.map(({ folder: _, ...rest }) => rest);
    if (taken === undefined) {
      throw new CommandError(
        "MODEL_UNSUPPORTED",
        `expected a classifier that the function can run in ${id}, got: ${shown.map(({ path, problem }) => `${path}: ${problem}`).join("; ")}`,
      );
    }
    writeModelFolder(folder, {
      ...readAll(taken.folder),
      "README.md": hubCard(name, id, commit, judged),
    });
    return { name, folder, repository: id, commit, candidates: shown };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

type Configs = Readonly<Record<"config.json" | "preprocessor_config.json", Uint8Array>>;

async function fetchConfigs(
  hub: Hub,
  id: string,
  commit: string,
  files: readonly HubFile[],
): Promise<Configs> {
  const read = async (path: string): Promise<Uint8Array | undefined> => {
    const file = files.find((entry) => entry.path === path);
    return file && fetchSmall(hub, id, commit, file);
  };
  const config = await read("config.json");
  if (config === undefined)
    throw new CommandError("MODEL_UNSUPPORTED", `expected a config.json with id2label in ${id}, it has none`);
  const preprocessor = (await read("preprocessor_config.json")) ?? preprocessorOf(config);
  if (preprocessor === undefined) {
    throw new CommandError(
      "MODEL_UNSUPPORTED",
      `expected a preprocessor_config.json in ${id}, or timm's pretrained_cfg in its config.json, it has neither`,
    );
  }
  return { "config.json": config, "preprocessor_config.json": preprocessor };
}

function preprocessorOf(config: Uint8Array): Uint8Array | undefined {
  try {
    const { pretrained_cfg: pretrained } = JSON.parse(new TextDecoder().decode(config)) as {
      pretrained_cfg?: Readonly<Record<string, unknown>>;
    };
    return pretrained && new TextEncoder().encode(toJson(fromPretrainedConfig(pretrained)));
  } catch (error) {
    throw new CommandError("MODEL_UNSUPPORTED", `expected a config.json to read: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/** Largest first: float32 is what the others are compared with. The same content under several names counts once. */
function onnxFilesOf(files: readonly HubFile[], id: string, wanted: string | undefined): HubFile[] {
  const all = files.filter(({ path }) => path.endsWith(".onnx"));
  if (wanted !== undefined) {
    const file = all.find(({ path }) => path === wanted);
    if (file !== undefined) return [file];
  }
  if (all.length === 0 || wanted !== undefined) {
    const what = wanted === undefined ? "an ONNX file" : `the file ${wanted}`;
    const there = all.map(({ path }) => path).join(", ") || "none";
    throw new CommandError(
      "MODEL_UNSUPPORTED",
      `expected ${what} in ${id}, got ${there}: export it with optimum (\`optimum-cli export onnx\`) and put the folder into models/`,
    );
  }
  const unique = [...new Map(all.map((file) => [file.sha256 ?? file.gitSha1, file])).values()];
  const usual = unique.filter(({ path }) => !SELDOM.test(posix.basename(path)));
  return (usual.length > 0 ? usual : unique)
    .sort((a, b) => sizeWithData(b, files) - sizeWithData(a, files))
    .slice(0, MAX_CANDIDATES);
}

function sizeWithData({ path, sizeBytes }: HubFile, files: readonly HubFile[]): number {
  const data = files.filter((file) => file.path !== path && file.path.startsWith(path));
  return data.reduce((sum, file) => sum + file.sizeBytes, sizeBytes);
}

interface Fetching extends HubPullOptions {
  readonly id: string;
  readonly commit: string;
  readonly files: readonly HubFile[];
  readonly configs: Configs;
}

/** A folder with the ONNX file, where the function looks for it, its data files and the configuration. */
async function fetchCandidate(folder: string, file: HubFile, fetching: Fetching): Promise<Candidate> {
  const target = ONNX_FILES.includes(file.path) ? file.path : "model.onnx";
  mkdirSync(dirname(join(folder, target)), { recursive: true });
  for (const [name, content] of Object.entries(fetching.configs)) writeFileSync(join(folder, name), content);
  const bytes = await fetchLarge(file, fetching);
  writeFileSync(join(folder, target), bytes);
  let sizeBytes = bytes.length;
  for (const name of externalFiles(Buffer.from(bytes))) {
    const path = posix.join(posix.dirname(file.path), name);
    const data = fetching.files.find((entry) => entry.path === path);
    if (data === undefined || posix.basename(name) !== name) {
      throw new CommandError(
        "MODEL_UNSUPPORTED",
        `${file.path} has weights in ${name}, expected that file beside it in ${fetching.id}`,
      );
    }
    const content = await fetchLarge(data, fetching);
    writeFileSync(join(dirname(join(folder, target)), name), content);
    sizeBytes += content.length;
  }
  return { path: file.path, folder, sizeBytes, arithmetic: describe(bytes) };
}

/** Bytes that are no graph are told so when they are run. */
function describe(bytes: Uint8Array): string {
  try {
    return arithmeticOf(summarizeOnnx(bytes));
  } catch {
    return "–";
  }
}

async function fetchLarge(
  file: HubFile,
  { hub, id, commit, downloads, network }: Fetching,
): Promise<Uint8Array> {
  if (file.sha256 === undefined) return fetchSmall(hub, id, commit, file);
  const kept = join(downloads, "hub", file.sha256);
  let progress: Progress | undefined;
  try {
    await download({
      ...network,
      ...{ url: urlOf(hub, id, commit, file.path), file: kept, sha256: file.sha256 },
      headers: authorization(hub),
      onProgress(received) {
        progress ??= startProgress({ label: file.path, total: file.sizeBytes / 1e6, unit: "MB" });
        progress.update(received / 1e6);
      },
    });
  } finally {
    progress?.stop();
  }
  return readFileSync(kept);
}

function readAll(folder: string): Configs & Record<string, Uint8Array> {
  const files: Record<string, Uint8Array> = {};
  const visit = (path: string): void => {
    for (const entry of readdirSync(join(folder, path), { withFileTypes: true })) {
      const inner = posix.join(path, entry.name);
      if (entry.isDirectory()) visit(inner);
      else files[inner] = readFileSync(join(folder, inner));
    }
  };
  visit("");
  return files as Configs & Record<string, Uint8Array>;
}

function hubCard(name: string, id: string, commit: string, judged: readonly Judged[]): string {
  const rows = judged.map(
    ({ path, arithmetic, sizeBytes, cpuMs, speedup, same, images, problem, isTaken }) =>
      `| ${isTaken ? `**${path}**` : path} | ${arithmetic} | ${(sizeBytes / 1e6).toFixed(1)} MB | ${cpuMs?.toFixed(2) ?? "–"} | ${speedup?.toFixed(2) ?? "–"} | ${problem ?? `${same} of ${images}`} |`,
  );
  return `# ${name}

From the Hugging Face hub: \`${id}\` at commit \`${commit}\`. Its licence and its model card are there.

| file | arithmetic | size | ms of CPU for one inference, where it was pulled | times as fast as the first | same label as the first, of our samples |
|---|---|--:|--:|--:|---|
${rows.join("\n")}
`;
}
