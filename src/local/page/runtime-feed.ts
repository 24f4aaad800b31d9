import { basename } from "node:path";
import type { LocalStack } from "../stack.ts";
import type { Fault, RuntimeView } from "./api.ts";
import { deadLetterKey } from "./dead-letters.ts";
import type { FailureLines } from "./failure-lines.ts";

const ANNOUNCE_MS = 150;
const MAX_DEAD_LETTERS = 50;
/** Environments that have ended are shown for the moment in which one wants to see that they did. */
const DEAD_SHOWN = 3;

/** The state of queue and runtime, told when it changes. */
export class RuntimeFeed {
  fault: Fault = "none";
  readonly #stack: LocalStack;
  readonly #failures: FailureLines;
  readonly #onChange: (view: RuntimeView) => void;
  readonly #started = new Set<string>();
  #invocations = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(stack: LocalStack, failures: FailureLines, onChange: (view: RuntimeView) => void) {
    this.#stack = stack;
    this.#failures = failures;
    this.#onChange = onChange;
    stack.events.on("queue", this.changed);
    stack.events.on("environment", this.#onEnvironment);
    stack.events.on("invocation", this.#onInvocation);
  }

  view(): RuntimeView {
    const { queueCounts, deadMessages, environments, modelDir, concurrency } = this.#stack;
    const all = environments();
    const dead = all.filter(({ state }) => state === "dead").slice(-DEAD_SHOWN);
    return {
      queue: queueCounts(),
      deadLetters: deadMessages()
        .slice(0, MAX_DEAD_LETTERS)
        .map(({ body, receiveCount, reason }) => {
          const key = deadLetterKey(body) ?? null;
          const failure = key === null ? undefined : this.#failures.get(key);
          return { key, receiveCount, code: failure?.code ?? null, reason: failure?.message ?? reason };
        }),
      environments: [...dead, ...all.filter(({ state }) => state !== "dead")].map((environment) => ({
        id: environment.id,
        state: environment.state,
        reason: environment.reason ?? null,
        initDurationMs: environment.initDurationMs ?? null,
        invocations: environment.invocations,
        maxMemoryUsedMb: environment.maxMemoryUsedMb,
      })),
      coldStarts: this.#started.size,
      invocations: this.#invocations,
      model: basename(modelDir),
      concurrency,
      fault: this.fault,
    };
  }

  readonly changed = (): void => {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#onChange(this.view());
    }, ANNOUNCE_MS).unref();
  };

  close(): void {
    clearTimeout(this.#timer);
    this.#stack.events.off("queue", this.changed);
    this.#stack.events.off("environment", this.#onEnvironment);
    this.#stack.events.off("invocation", this.#onInvocation);
  }

  readonly #onEnvironment = ({ id }: { readonly id: string }): void => {
    this.#started.add(id);
    this.changed();
  };

  readonly #onInvocation = (): void => {
    this.#invocations += 1;
    this.changed();
  };
}
