import Table from "cli-table3";
import { MECHANISMS, type Mechanism } from "./mutants.ts";
import { STAGES, simulateProcesses } from "./processes.ts";
import { FAULT_CLASSES, simulate } from "./simulate.ts";
import type { RunOptions } from "./tally.ts";

export interface TriedMechanism extends Mechanism {
  /** The first violation of the expected kind; `undefined` when the loss of the mechanism went unseen. */
  readonly noticed: string | undefined;
}

/** Plays each fault against a bundle without the mechanism that it is there for, until it is noticed. */
export async function tryMechanisms(
  options: Pick<RunOptions, "modelDir" | "seed">,
  mechanisms: readonly Mechanism[] = MECHANISMS,
): Promise<TriedMechanism[]> {
  const tried: TriedMechanism[] = [];
  for (const without of mechanisms) {
    const { faults, runs = 60, expected, resultsAs = "object" } = without;
    const shared = { ...options, runs, resultsAs, without, stopAtViolation: true };
    const classes = FAULT_CLASSES.filter((fault) => faults.includes(fault));
    const stages = STAGES.filter((stage) => faults.includes(stage));
    const { violations } =
      classes.length > 0
        ? await simulate({ ...shared, classes })
        : await simulateProcesses({ ...shared, stages });
    const noticed = violations.find((violation) => violation.includes(`: ${expected}`));
    tried.push({ ...without, noticed });
    const verdict = noticed === undefined ? `NOT NOTICED (${violations[0] ?? "no violation"})` : "noticed";
    process.stderr.write(`${verdict}: ${faults} without "${without.disabled}"\n`);
  }
  return tried;
}

export function printMechanisms(tried: readonly TriedMechanism[]): void {
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
