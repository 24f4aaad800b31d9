import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * Claims a data folder for this process, by a file with its process id; two stacks on one folder would write over
 * each other.
 *
 * @param advice what to do when a process that is alive holds it, which is thrown
 * @returns gives the folder back
 */
export function claimDataDir(
  dir: string,
  advice = "End that one, or give this one another folder with --data.",
): () => void {
  mkdirSync(dir, { recursive: true });
  const file = join(dir, "in-use-by");
  // Twice: the claim of a process that was killed is removed, and then ours is made.
  for (let attempt = 0; ; attempt++) {
    try {
      writeFileSync(file, String(process.pid), { flag: "wx" });
      return () => rmSync(file, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST" || attempt > 0) throw error;
    }
    const owner = Number(readFileSync(file, "utf8"));
    if (isAlive(owner)) {
      throw new Error(`${dir} is in use by process ${owner}. ${advice}`);
    }
    rmSync(file, { force: true });
  }
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
