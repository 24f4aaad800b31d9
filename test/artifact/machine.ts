import { join } from "node:path";
import { PROJECT_DIR } from "../../src/local/template.ts";
import { artifactRoot } from "../../src/measure/arm64/layout.ts";
import { type Arm64Machine, prepareArm64 } from "../../src/measure/arm64/machine.ts";

/** An arm64 machine, this one or an emulated one, or why there is none. */
export const machine: Arm64Machine | Error = await prepareArm64(join(PROJECT_DIR, ".build/arm64")).catch(
  (error: Error) => error,
);
export const noArm64 = machine instanceof Error ? machine.message : undefined;
/** Where artifacts are laid out for it. */
export const root = artifactRoot(machine instanceof Error ? undefined : machine);
