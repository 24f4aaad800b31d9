import { spawnSync } from "node:child_process";

const UNSHARE = ["unshare", process.getuid?.() === 0 ? "--mount" : "--map-root-user", "--mount"];

/** Whether this machine lets a process have mounts of its own. Containers often do not. */
export function canMount(): boolean {
  const [program = "", ...flags] = UNSHARE;
  return spawnSync(program, [...flags, "mount", "-t", "tmpfs", "none", "/sys"]).status === 0;
}

/**
 * A command that runs another with the folders below `root` standing at `/var/task`, `/var/runtime` and `/opt`, in mounts
 * that only it sees. The emulator's own `-L` does not do: it leaves `statx` alone, with which Node looks for files.
 *
 * @param withoutSys hides `/sys`, which on Lambda lacks what says which processors there are
 */
export function atLambdaPaths(
  command: readonly string[],
  root: string,
  { withoutSys = false } = {},
): readonly string[] {
  const script = [
    "mount -t tmpfs none /var",
    "mkdir /var/task /var/runtime",
    'for folder in var/task var/runtime opt; do mount --bind "$1/$folder" "/$folder" || exit; done',
    ...(withoutSys ? ["mount -t tmpfs none /sys"] : []),
    "shift",
    'exec "$@"',
  ].join(" && ");
  return [...UNSHARE, "sh", "-c", script, "sh", root, ...command];
}
