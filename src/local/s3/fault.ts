import { setTimeout as sleep } from "node:timers/promises";
import { S3Error } from "./errors.ts";
import type { OperationName, Route } from "./route.ts";

/** A failure to inject before matching operations run; without `operations` and `keys` it matches all. */
export type Fault = FaultMatch &
  (
    | {
        readonly kind: "status";
        readonly status: number;
        readonly code: string;
        readonly message?: string;
      }
    | { readonly kind: "delay"; readonly ms: number }
  );

interface FaultMatch {
  readonly operations?: readonly OperationName[];
  /** Tests bucket and plain key; operations on a whole bucket have the key "". */
  readonly matches?: (bucket: string, key: string) => boolean;
  /** How many requests it hits before it clears itself; without it, until it is replaced. */
  readonly times?: number;
}

export interface FaultInjector {
  /** Replaces the fault; undefined ends it. */
  set(fault: Fault | undefined): void;
  /** Waits or throws as the current fault says, or does nothing. */
  apply(route: Route): Promise<void>;
}

/** Holds the one current fault. `stop` ends running delays when the server closes. */
export function createFaultInjector(stop: AbortSignal): FaultInjector {
  let current: Fault | undefined;
  let hits = 0;
  return {
    set(fault) {
      current = fault;
      hits = 0;
    },
    async apply(route) {
      const fault = current;
      if (fault === undefined || !isHit(fault, route)) return;
      hits += 1;
      if (fault.times !== undefined && hits >= fault.times) current = undefined;
      if (fault.kind === "delay") {
        await sleep(fault.ms, undefined, { signal: stop });
        return;
      }
      const message = fault.message ?? "A fault that was injected into the local S3 endpoint.";
      throw new S3Error(fault.code, fault.status, message);
    },
  };
}

function isHit(fault: Fault, route: Route): boolean {
  if (fault.operations !== undefined && !fault.operations.includes(route.operation)) return false;
  return fault.matches === undefined || fault.matches(route.bucket, route.key);
}
