import { spawn } from "node:child_process";
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import Table from "cli-table3";
import { PROJECT_DIR } from "../../src/local/template.ts";
import { MECHANISMS, type MechanismMutation } from "./mutations.ts";

export interface TriedMutation extends MechanismMutation {
  /** The first violation of the expected kind; `undefined` when the loss of the mechanism went unseen. */
  readonly noticed: string | undefined;
}

/** Disables each mechanism in a copy of the project, and plays the fault that it is there for. */
export async function tryMutations(): Promise<TriedMutation[]> {
  const tried: TriedMutation[] = [];
  for (const mutation of MECHANISMS) {
    const dir = await mkdtemp(join(tmpdir(), "mutation-"));
    try {
      for (const name of ["src", "test", "models/upload-triage", "package.json", "template.yaml"]) {
        await cp(join(PROJECT_DIR, name), join(dir, name), { recursive: true });
      }
      await symlink(join(PROJECT_DIR, "node_modules"), join(dir, "node_modules"));
      await applyEdits(dir, mutation);
      const violations = await playIn(dir, mutation);
      const noticed = violations.find((violation) => violation.includes(`: ${mutation.expected}`));
      tried.push({ ...mutation, noticed });
      process.stderr.write(
        `${noticed === undefined ? "NOT NOTICED" : "noticed"}: ${mutation.faults} without "${mutation.disabled}"\n`,
      );
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  }
  return tried;
}

export function printMutations(tried: readonly TriedMutation[]): void {
  const table = new Table({
    head: ["fault", "disabled mechanism", "noticed as"],
    wordWrap: true,
    colWidths: [16, 40, 70],
  });
  for (const { faults, disabled, noticed } of tried) {
    table.push([
      faults.join(", "),
      disabled,
      noticed?.replace(/^(seed|process run) \d+ \([^)]*\): /, "") ?? "NOT NOTICED",
    ]);
  }
  console.log(table.toString());
}

/** @throws when the text to replace is not there exactly: the table has to follow the code */
export async function applyEdits(dir: string, { edits }: MechanismMutation): Promise<void> {
  for (const [file, from, to] of edits) {
    const path = join(dir, file);
    const source = await readFile(path, "utf8");
    if (!source.includes(from)) throw new Error(`expected ${file} to contain ${JSON.stringify(from)}`);
    await writeFile(
      path,
      source.replace(from, () => to),
    );
  }
}

async function playIn(dir: string, { faults, runs = 60 }: MechanismMutation): Promise<string[]> {
  const flags = ["--json", "--stop", "--only", faults.join(","), "--runs", String(runs)];
  flags.push("--processes", String(runs));
  const child = spawn(process.execPath, ["test/faults/run.ts", ...flags], {
    cwd: dir,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const line = output.split("\n").find((candidate) => candidate.startsWith("{"));
  if (line === undefined) throw new Error(`expected a summary, got ${output}${errors}`);
  return (JSON.parse(line) as { violations: string[] }).violations;
}
