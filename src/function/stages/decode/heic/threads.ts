import { availableParallelism } from "node:os";

/** MB at which Lambda gives one whole vCPU. It shows two cores at any size, but up to here a second thread only waits. */
const ONE_VCPU_MB = 1769;

/**
 * How many threads decode HEIC, once there is one.
 *
 * @param memorySizeMb the function's; 0 where it is not said, outside of Lambda
 */
export function heicThreads(memorySizeMb: number): number {
  if (memorySizeMb === 0) return Math.min(2, availableParallelism());
  return memorySizeMb <= ONE_VCPU_MB ? 1 : 2;
}
