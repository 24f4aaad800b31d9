import { join, resolve } from "node:path";
import { InvalidArgumentError } from "commander";
import { newProgram } from "../command-line.ts";
import { PROJECT_DIR } from "../local/template.ts";
import { startProgress } from "../progress.ts";
import { measureColdStart } from "./cold-start/measure.ts";
import { coldStartText, TARGET_RATIO } from "./cold-start/print.ts";

function count(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw new InvalidArgumentError("Expected a whole number.");
  return value;
}

function variable(text: string, previous: Record<string, string>): Record<string, string> {
  const at = text.indexOf("=");
  if (at <= 0) throw new InvalidArgumentError("Expected NAME=VALUE.");
  return { ...previous, [text.slice(0, at)]: text.slice(at + 1) };
}

interface Options {
  model: string;
  picture: string;
  rounds: number;
  traced: number;
  env: Record<string, string>;
  json?: boolean;
  check?: boolean;
}

const program = newProgram("cold-start")
  .description("Measures process start to first result of the function as deployed, beside its floor.")
  .option("--rounds <n>", "alternated rounds", count, 25)
  .option("--traced <n>", "traced starts of each, for the steps", count, 5)
  .option("--model <dir>", "model folder", join(PROJECT_DIR, "models/upload-triage"))
  .option("--picture <file>", "first picture", join(PROJECT_DIR, "test/fixtures/photo-1.jpg"))
  .option("--env <name=value>", "a variable for the function alone; may be repeated", variable, {})
  .option("--check", `exit with 1 when the ratio is above ${TARGET_RATIO}`)
  .option("--json", "print the report as JSON");

const options = program.parse().opts<Options>();
if (options.rounds < 1) program.error("error: --rounds: expected at least 1.");
const starts = 2 * (options.rounds + 1) + 2 * (options.traced + 1);
const progress = startProgress({ label: "measuring", total: starts, unit: "starts" });
let started = 0;
try {
  const report = await measureColdStart({
    modelDir: resolve(options.model),
    picture: resolve(options.picture),
    rounds: options.rounds,
    tracedRounds: options.traced,
    env: options.env,
    onStart: () => progress.update(++started),
  });
  progress.stop();
  console.log(options.json ? JSON.stringify(report, undefined, 2) : coldStartText(report));
  if (options.check && report.ratio.firstResult.median > TARGET_RATIO) process.exitCode = 1;
} catch (error) {
  progress.stop();
  console.error(`cold-start: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
