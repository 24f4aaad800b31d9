import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { RESULTS_AS, type ResultsAs } from "../function/config.ts";

export interface Claim {
  /** Tells those who want the folder, too, where its S3 endpoint listens. */
  announce(s3Url: string): void;
  /** Gives the folder back. */
  release(): void;
}

/** A process that is alive holds the folder. */
export class DataDirInUse extends Error {
  override readonly name = "DataDirInUse";
  /** What that process announced. */
  readonly s3Url: string | undefined;

  constructor(dir: string, owner: number, s3Url: string | undefined) {
    super(`${dir} is in use by process ${owner}. End that one, or give this one another folder with --data.`);
    this.s3Url = s3Url;
  }
}

/**
 * Claims a data folder for this process, by a file with its process id; two stacks on one folder would write over
 * each other.
 *
 * @throws {DataDirInUse}
 */
export function claimDataDir(dir: string): Claim {
  mkdirSync(dir, { recursive: true });
  const file = join(dir, "in-use-by");
  // Twice: the claim of a process that was killed is removed, and then ours is made.
  for (let attempt = 0; ; attempt++) {
    try {
      writeFileSync(file, String(process.pid), { flag: "wx" });
      return {
        announce(s3Url) {
          // At once: who reads half of it takes the claim for that of a process that has ended.
          writeFileSync(`${file}.next`, `${process.pid}\n${s3Url}`);
          renameSync(`${file}.next`, file);
        },
        release: () => rmSync(file, { force: true }),
      };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST" || attempt > 0) throw error;
    }
    const [pid, s3Url] = readFileSync(file, "utf8").split("\n");
    const owner = Number(pid);
    if (isAlive(owner)) throw new DataDirInUse(dir, owner, s3Url);
    rmSync(file, { force: true });
  }
}

/** For those who read the results once this stack has ended. */
export function keepResultsAs(dir: string, resultsAs: ResultsAs): void {
  writeFileSync(join(dir, "results-as"), resultsAs);
}

/** How the last stack of this folder published; `undefined` when there was none. */
export function lastResultsAs(dir: string): ResultsAs | undefined {
  const file = join(dir, "results-as");
  const text = existsSync(file) ? readFileSync(file, "utf8") : "";
  return RESULTS_AS.find((way) => way === text);
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
