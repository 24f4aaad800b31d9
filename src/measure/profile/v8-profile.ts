import type { Profiler } from "node:inspector";
import { componentOfScript, scriptName } from "./components.ts";
import type { Hotspot } from "./job.ts";

type Profile = Profiler.Profile;

/** Joins the profiles of several slices into one that Chrome and speedscope open. The trees stand side by side. */
export function joinProfiles(profiles: readonly Profile[]): Profile {
  const root = { functionName: "(root)", scriptId: "0", url: "", lineNumber: -1, columnNumber: -1 };
  const joined: Profile = {
    nodes: [{ id: 1, callFrame: root, children: [] }],
    startTime: profiles[0]?.startTime ?? 0,
    endTime: 0,
    samples: [],
    timeDeltas: [],
  };
  let nextId = 2;
  let time = joined.startTime;
  for (const profile of profiles) {
    const ids = new Map<number, number>();
    for (const { id } of profile.nodes) ids.set(id, nextId++);
    const idOf = (id: number): number => ids.get(id) ?? 1;
    joined.nodes[0]?.children?.push(idOf(profile.nodes[0]?.id ?? 0));
    for (const node of profile.nodes) {
      const children = node.children?.map(idOf);
      joined.nodes.push({ ...node, id: idOf(node.id), ...(children === undefined ? {} : { children }) });
    }
    for (const [i, id] of (profile.samples ?? []).entries()) {
      const delta = profile.timeDeltas?.[i] ?? 0;
      joined.samples?.push(idOf(id));
      joined.timeDeltas?.push(delta);
      time += delta;
    }
  }
  joined.endTime = time;
  return joined;
}

/**
 * Shares of the process's CPU time from a profile of the main thread. Waiting is no CPU time; what other threads used
 * is one line each, by their name, because V8's profiler does not see into them.
 *
 * @param threadsMs CPU time of the other threads, by name
 * @param mainMs    CPU time of the main thread
 */
export function v8Hotspots(
  profile: Profile,
  mainMs: number,
  threadsMs: Readonly<Record<string, number>>,
): { hotspots: Hotspot[]; samples: number } {
  const frames = new Map(profile.nodes.map(({ id, callFrame }) => [id, callFrame]));
  const counts = new Map<string, Hotspot & { count: number }>();
  let samples = 0;
  for (const id of profile.samples ?? []) {
    const frame = frames.get(id);
    if (frame === undefined || frame.functionName === "(idle)") continue;
    const { functionName, url, lineNumber } = frame;
    const name = scriptName(functionName, url, lineNumber + 1);
    const spot = counts.get(name) ?? { name, component: componentOfScript(url), share: 0, count: 0 };
    spot.count++;
    samples++;
    counts.set(name, spot);
  }
  const total = mainMs + Object.values(threadsMs).reduce((sum, ms) => sum + ms, 0);
  const main = [...counts.values()].map(({ name, component, count }) => ({
    name,
    component,
    share: (count / Math.max(1, samples)) * (mainMs / total),
  }));
  const threads = Object.entries(threadsMs).map(
    ([thread, ms]): Hotspot => ({ name: `thread ${thread}`, component: "other", share: ms / total }),
  );
  return { hotspots: [...main, ...threads].sort((a, b) => b.share - a.share), samples };
}
