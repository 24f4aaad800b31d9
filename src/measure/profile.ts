import { mkdir } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { InvalidArgumentError } from "commander";
import { newProgram, printError, UsageError } from "../command-line.ts";
import { buildFunction } from "../local/build.ts";
import { findModel, modelOption } from "../local/command/options.ts";
import { PROJECT_DIR } from "../local/template.ts";
import { startProgress } from "../progress.ts";
import { profileArm64 } from "./arm64/command.ts";
import { DEFAULT_CPU } from "./arm64/count.ts";
import { installPeers, PEERS_DIR } from "./peers.ts";
import { runJob, stepCount } from "./profile/agent.ts";
import type { ProfileJob } from "./profile/job.ts";
import { profileText } from "./profile/print.ts";
import { runJobOver } from "./profile/remote.ts";
import { deployedId, ROWS, type RowEntry } from "./rows/catalog.ts";
import { terminalTable } from "./tables.ts";
import { modelVariants } from "./variants.ts";
import { generatedWorkload, PICTURE_KINDS, picturesIn } from "./workload.ts";

const DATA_DIR = join(PROJECT_DIR, ".data/measure");
const NODE_ROWS = ROWS.filter(({ pillow }) => pillow === undefined);

/** The function with its S3 client, as template.yaml sets it, and S3 as far away as it is. */
const DEPLOYED_ROW = deployedId(30, 10);

interface Options {
  row?: RowEntry;
  compare?: RowEntry[] | true;
  seconds: number;
  images?: string;
  pictures: keyof typeof PICTURE_KINDS;
  count?: number;
  model: string;
  inFlight: number;
  top: number;
  out: string;
  overhead: boolean;
  perf: boolean;
  ssh?: string;
  sshConfig?: string;
  arm64?: boolean;
  cpu: string;
  session?: boolean;
  json?: boolean;
}

function rowEntry(id: string): RowEntry {
  const entry = NODE_ROWS.find((row) => row.id === id);
  if (entry !== undefined) return entry;
  throw new InvalidArgumentError(`Expected one of ${NODE_ROWS.map((row) => row.id).join(", ")}.`);
}

function above0(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError("Expected a number above 0.");
  return value;
}

const program = newProgram("profile")
  .description(
    "Shows where the CPU time goes: functions, stages, operators of the model. Writes flame graphs.",
  )
  .option(
    "--row <id>",
    `row of the bench (default: the function as deployed, ${DEPLOYED_ROW}; over ssh ours): ${NODE_ROWS.map(({ id }) => id).join(", ")}`,
    rowEntry,
  )
  .option(
    "--compare <ids...>",
    "two rows, before and after, such as: baseline ours; with --arm64 the report of an earlier run",
  )
  .option("--seconds <n>", "seconds under the profilers for each row", above0, 60)
  .option("--images <dir>", "your own pictures instead of generated ones")
  .option("--pictures <kind>", "generated pictures: small or 12mp", "small")
  .option("--count <n>", "pictures (default: 100 small ones, 12 of 12 MP)", above0)
  .addOption(modelOption())
  .option("--in-flight <n>", "pictures in flight, as IMAGES_IN_FLIGHT", above0, 3)
  .option("--top <n>", "functions to show", above0, 15)
  .option("--out <dir>", "folder for flame graphs and the report", join(DATA_DIR, "profile"))
  .option("--no-overhead", "do not measure what the profilers cost, which takes as long again")
  .option("--no-perf", "V8's profiler alone")
  .option("--ssh <user@host>", "profile there: takes Node, sources, packages, model and pictures along")
  .option("--ssh-config <file>", "configuration file for ssh, as its -F")
  .option("--arm64", "instead: count the instructions of the deployed function on an emulated Graviton core")
  .option("--cpu <name>", "with --arm64, the core as QEMU names it, such as max", DEFAULT_CPU)
  .option("--session", "with --arm64, the model's run alone instead of the function")
  .option("--json", "print the report as JSON");

/** The rows asked for; installs the peers when one of them needs it. */
async function rowsToProfile({ row, compare, ssh }: Options): Promise<RowEntry[]> {
  if (compare === undefined) return [row ?? rowEntry(ssh === undefined ? DEPLOYED_ROW : "ours")];
  const ids = compare as unknown as string[];
  if (ids.length !== 2) throw new Error("--compare takes two rows: before and after.");
  return ids.map(rowEntry);
}

async function makeJob(options: Options): Promise<ProfileJob> {
  const rows = await rowsToProfile(options);
  if (rows.some(({ needs }) => needs === "peers")) {
    if (options.ssh !== undefined) throw new Error("Rows that need peers are not taken to another machine.");
    const reason = await installPeers((line) => console.error(line));
    if (reason !== undefined) throw new Error(reason);
  }
  if (options.ssh !== undefined && rows.some(({ group }) => group === "deployed"))
    throw new Error("Rows of the function with its S3 endpoint are not taken to another machine.");
  const modelDir = resolve(findModel(options.model).dir);
  const variants = await modelVariants(modelDir, join(DATA_DIR, "models"));
  return {
    rows: rows.map(({ id, title }) => ({ id, title })),
    context: {
      modelDir,
      uint8ModelDir: variants.uint8,
      float32ModelDir: variants.float32,
      transformersModel: variants.transformers,
      peersDir: PEERS_DIR,
      imagesInFlight: options.inFlight,
      bundle: (await buildFunction(join(DATA_DIR, "function"))).file,
    },
    pictures: await picturePaths(options),
    seconds: options.seconds,
    overhead: options.overhead,
    perf: options.perf,
    operatorRuns: 50,
    outDir: resolve(options.out),
  };
}

/** Pictures that are counted on an emulated core: each takes about a second. */
const ARM64_PICTURES = 20;

async function countInstructions(options: Options): Promise<void> {
  const { compare, cpu, top, session = false, json = false } = options;
  const reports = (compare ?? []) as unknown as string[];
  if (reports.length > 1) throw new UsageError("--compare takes one report with --arm64.");
  await profileArm64({
    modelDir: findModel(options.model).dir,
    cpu,
    session,
    pictures: session ? [] : await picturePaths({ ...options, count: options.count ?? ARM64_PICTURES }),
    compare: reports[0],
    top,
    outDir: options.out,
    json,
  });
}

async function picturePaths({ images, pictures, count }: Options): Promise<string[]> {
  if (images !== undefined) return (await picturesIn(images)).slice(0, count);
  if (!(pictures in PICTURE_KINDS)) throw new Error(`Expected --pictures small or 12mp, got ${pictures}.`);
  const wanted = count ?? (pictures === "small" ? 100 : 12);
  const progress = startProgress({ label: "generating", total: wanted, unit: "pictures" });
  try {
    const dir = join(DATA_DIR, "pictures");
    return await generatedWorkload(PICTURE_KINDS[pictures], wanted, dir, progress.update);
  } finally {
    progress.stop();
  }
}

async function profileRows(options: Options): Promise<void> {
  const job = await makeJob(options);
  await mkdir(job.outDir, { recursive: true });
  const label = options.ssh === undefined ? "profiling" : `profiling on ${options.ssh}`;
  const progress = startProgress({ label, total: stepCount(job), unit: "slices" });
  let slices = 0;
  const step = () => progress.update(++slices);
  const report = await (options.ssh === undefined
    ? runJob(job, step)
    : runJobOver({ host: options.ssh, configFile: options.sshConfig }, job, step)
  ).finally(() => progress.stop());
  if (options.json) console.log(JSON.stringify(report, undefined, 2));
  else {
    console.log(profileText(report, options.top, terminalTable));
    const files = report.rows.flatMap((row) => row.files).map((file) => join(options.out, basename(file)));
    console.log(
      `\nflame graphs: open in https://www.speedscope.app or Chrome's DevTools\n  ${files.join("\n  ")}`,
    );
  }
}

const options = program.parse().opts<Options>();
await (options.arm64 ? countInstructions(options) : profileRows(options)).catch(printError);
