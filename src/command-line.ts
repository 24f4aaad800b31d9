import { readFileSync } from "node:fs";
import { join } from "node:path";
import { styleText } from "node:util";
import { Command } from "commander";

const PROJECT_DIR = join(import.meta.dirname, "..");
export const PROGRAM = "graviton-image-classifier";

/** Wrong usage; everything else that goes wrong is 1. */
export const USAGE_STATUS = 2;

/** A mistake of the user: its message is all that is printed. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/**
 * One subcommand of `graviton-image-classifier`, which is also what an npm script runs: `--version`, exit status 2
 * for wrong usage, and paths as the caller means them.
 */
export function newProgram(subcommand: string): Command {
  enterCallersDir();
  const { version } = JSON.parse(readFileSync(join(PROJECT_DIR, "package.json"), "utf8")) as {
    version: string;
  };
  return new Command(`${PROGRAM}${subcommand === "" ? "" : ` ${subcommand}`}`)
    .version(version, "--version", "print the version")
    .helpOption("-h, --help", "print this help")
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : USAGE_STATUS));
}

/** npm runs scripts in the project's folder; what the user typed is relative to where npm was called. */
function enterCallersDir(): void {
  const { INIT_CWD, npm_package_json } = process.env;
  const isNpmScript = npm_package_json === join(PROJECT_DIR, "package.json");
  if (INIT_CWD !== undefined && isNpmScript && process.cwd() === PROJECT_DIR) process.chdir(INIT_CWD);
}

/** The last word of a command that could not do its work. The stack is for bugs, and shown with DEBUG=1. */
export function printError(error: unknown): void {
  console.error(styleText("red", messageOf(error), { stream: process.stderr }));
  if (process.env.DEBUG && error instanceof Error) console.error(error.stack);
  process.exitCode = error instanceof UsageError ? USAGE_STATUS : 1;
}

/** The AWS SDK tells what it lacks, but not where that is given. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.message === "Region is missing")
    return "No AWS region is set. Give --region, AWS_REGION, or a profile that has one (`aws configure`).";
  if (error.name === "CredentialsProviderError")
    return `No AWS credentials were found (${error.message}). Sign in with the aws command line, or set AWS_PROFILE.`;
  return error.message;
}
