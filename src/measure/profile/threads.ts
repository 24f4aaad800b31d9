import { readdir, readFile } from "node:fs/promises";

/** Linux counts a thread's time in ticks of 10 ms (`USER_HZ` is 100 on every architecture that Node runs on). */
const TICK_MS = 10;

/**
 * CPU time of this process's threads by name, without the main thread's, milliseconds since each began. Empty where
 * there is no `/proc`.
 */
export async function otherThreadsMs(): Promise<Record<string, number>> {
  const sums: Record<string, number> = {};
  const tids = await readdir("/proc/self/task").catch(() => []);
  for (const tid of tids) {
    if (tid === String(process.pid)) continue;
    const stat = await readFile(`/proc/self/task/${tid}/stat`, "utf8").catch(() => "");
    const name = stat.slice(stat.indexOf("(") + 1, stat.lastIndexOf(")"));
    // After the name: state is field 3 of proc_pid_stat(5), utime 14 and stime 15.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const ticks = Number(fields[11]) + Number(fields[12]);
    if (Number.isFinite(ticks)) sums[name] = (sums[name] ?? 0) + ticks * TICK_MS;
  }
  return sums;
}
