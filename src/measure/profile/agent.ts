import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { describeMachine } from "../machine.ts";
import type { ProfileJob, ProfileReport, RowProfile } from "./job.ts";
import { findPerfMode } from "./perf.ts";
import { profileRow, sliceCount } from "./row-profile.ts";

/** File in the output folder with the {@link ProfileReport}. */
export const REPORT_FILE = "report.json";

/** How many steps a job reports on its way. */
export function stepCount({ rows, seconds, overhead }: ProfileJob): number {
  return rows.length * sliceCount(seconds) * (overhead ? 2 : 1);
}

/** Does a job on this machine, and writes its report into the output folder. */
export async function runJob(job: ProfileJob, onStep: (label: string) => void): Promise<ProfileReport> {
  await mkdir(job.outDir, { recursive: true });
  const found = job.perf ? findPerfMode() : { reason: "left out" };
  const mode = "event" in found ? found : undefined;
  const rows: RowProfile[] = [];
  for (const row of job.rows) rows.push(await profileRow(job, row, mode, onStep));
  const report: ProfileReport = {
    schemaVersion: 1,
    machine: describeMachine(),
    seconds: job.seconds,
    perf: "event" in found ? `${found.event}, ${found.scope}` : found.reason,
    rows,
  };
  await writeFile(join(job.outDir, REPORT_FILE), JSON.stringify(report, undefined, 2));
  return report;
}

// On another machine: `node agent.ts job.json`, in the folder that was brought there. A step is a line of stdout.
if (import.meta.main) {
  const job = JSON.parse(await readFile(process.argv[2] ?? "job.json", "utf8")) as ProfileJob;
  const here = (path: string): string => resolve(path);
  const { context } = job;
  await runJob(
    {
      ...job,
      outDir: here(job.outDir),
      pictures: job.pictures.map(here),
      context: {
        ...context,
        modelDir: here(context.modelDir),
        uint8ModelDir: here(context.uint8ModelDir),
        float32ModelDir: here(context.float32ModelDir),
      },
    },
    (label) => console.log(label),
  );
}
