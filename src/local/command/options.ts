import { existsSync } from "node:fs";
import { isIP } from "node:net";
import { availableParallelism } from "node:os";
import { basename, join, resolve } from "node:path";
import { InvalidArgumentError, Option } from "commander";
import { UsageError } from "../../command-line.ts";
import { DEFAULT_MODEL, MODELS_DIR } from "../../models/folder.ts";
import type { StackOptions } from "../stack.ts";
import { listModelNames } from "./models.ts";

/** The options of `npm start`, read. */
export interface StartOptions {
  /** What is given to the stack as it is. */
  readonly stack: Pick<
    StackOptions,
    "modelDir" | "concurrency" | "memoryMb" | "timeoutSeconds" | "listen" | "environment"
  >;
  readonly modelName: string;
  readonly data: string | undefined;
  readonly port: number | undefined;
  /** Web pages that may use the S3 endpoint beside our own. */
  readonly allowOrigin: readonly string[];
  readonly samples: boolean;
  readonly open: boolean;
  readonly json: boolean;
  readonly csv: boolean;
  readonly strict: boolean;
  /** The folder of the model that the files are classified by, too. */
  readonly compareDir: string | undefined;
  /** A folder whose images are classified as they come. */
  readonly watch: string | undefined;
}

export const modelOption = (name = DEFAULT_MODEL): Option =>
  new Option("--model <name>", "a folder of models/, or the path of a model folder").default(name);

/** A machine that is busy with other things takes its time; the 10 seconds are Lambda's. */
export const PATIENCE = { initTimeoutMs: 60_000 };

/** One environment a core, four at most. */
export const DEFAULT_CONCURRENCY = Math.min(4, availableParallelism());

/**
 * Finds a model folder by its name in `models/` or by its path.
 *
 * @throws {UsageError} that lists the models that are there
 */
export function findModel(nameOrPath: string): { name: string; dir: string } {
  for (const dir of [join(MODELS_DIR, nameOrPath), resolve(nameOrPath)]) {
    if (existsSync(join(dir, "config.json"))) return { name: basename(dir), dir };
  }
  const names = listModelNames();
  const others = names.length === 0 ? "there is none" : `there are ${names.join(", ")}`;
  throw new UsageError(
    `No model "${nameOrPath}": expected a folder of models/ (${others}) or the path of a model folder with a config.json. ` +
      "`npm run model -- pull mobilenet-v1` gets the published one.",
  );
}

/** A commander parser for an IP address of this machine. */
export function address(text: string): string {
  if (isIP(text) > 0) return text;
  throw new InvalidArgumentError("It should be an IP address of this machine, or 0.0.0.0 for all of them.");
}

/** A commander parser that collects origins, `http://localhost:3000`. */
export function origins(text: string, before: readonly string[]): readonly string[] {
  if (URL.canParse(text) && new URL(text).origin === text) return [...before, text];
  throw new InvalidArgumentError("It should be an origin such as http://localhost:3000, without a path.");
}

/** A commander parser for whole numbers within limits, both included. */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw new InvalidArgumentError(`It should be a whole number from ${min} to ${max}.`);
  };
}
