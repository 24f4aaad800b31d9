import { basename, dirname, join, resolve } from "node:path";
import type { Plugin } from "esbuild";
import type { ResultsAs } from "../../src/function/config.ts";
import type { FunctionAnswer } from "../../src/local/event-source.ts";
import { PROJECT_DIR } from "../../src/local/template.ts";
import type { Stage } from "./processes.ts";
import type { FaultClass } from "./simulate.ts";

/** One mechanism taken out, and the faults that it is there for. */
export interface Mechanism {
  /** What no longer holds. */
  readonly disabled: string;
  /** A file of `mutants/`, named as the module of the function whose exports it replaces. */
  readonly module?: string;
  /** The function in it: takes the module, gives the exports that take the place of its own. */
  readonly mutant?: string;
  /** Variables of the function that would make up for it. */
  readonly variables?: Readonly<Record<string, string>>;
  /** What becomes of an answer on its way back, for mechanisms around the function. */
  readonly answer?: (answer: FunctionAnswer) => FunctionAnswer;
  readonly faults: readonly (FaultClass | Stage)[];
  /** Where the function puts results; default: as objects. */
  readonly resultsAs?: ResultsAs;
  /** How the violation that has to be found begins. */
  readonly expected: string;
  /** Runs to play; 60 unless the fault takes long. */
  readonly runs?: number;
}

const FUNCTION_DIR = join(PROJECT_DIR, "src/function");
const MUTANTS_DIR = join(import.meta.dirname, "mutants");

/**
 * Puts a mutant's exports in the place of a module's own, for everybody who imports it. It wraps what the module exports,
 * by name and with its types: what it does is independent of how the module is written.
 */
export function mutantPlugin({ module, mutant }: Mechanism): Plugin {
  return {
    name: "mutant",
    setup(build) {
      if (module === undefined) return;
      const file = join(FUNCTION_DIR, module);
      const filter = new RegExp(`${basename(file).replaceAll(".", "\\.")}$`);
      build.onResolve({ filter }, ({ path, resolveDir, namespace, importer }) => {
        const isTheModule = path.startsWith(".") && resolve(resolveDir, path) === file;
        const isOfMutant = namespace === "mutant" || importer.startsWith(MUTANTS_DIR);
        return isTheModule && !isOfMutant ? { path: file, namespace: "mutant" } : undefined;
      });
      build.onLoad({ filter: /.*/, namespace: "mutant" }, () => ({
        loader: "ts",
        resolveDir: dirname(file),
        // `export *` gives way to the exports that are named here.
        contents: `
          import * as original from "./${basename(file)}";
          import { ${mutant} as mutate } from ${JSON.stringify(join(MUTANTS_DIR, module.replaceAll("/", "-")))};
          export * from "./${basename(file)}";
          ${exportsOf(String(mutant))}
        `,
      }));
    },
  };
}

/** The mutants say in their names' table which exports they replace, since ESM has to know them before they run. */
function exportsOf(mutant: string): string {
  const names = REPLACED[mutant];
  if (names === undefined) throw new Error(`expected ${mutant} to say what it replaces`);
  return `const replaced = mutate(original);\nexport const { ${names.join(", ")} } = replaced;`;
}

const REPLACED: Readonly<Record<string, readonly string[]>> = {
  rejectFailedFetches: ["ERRORS"],
  failOnOwnResult: ["publishResult"],
  replaceNewerResults: ["publishResult"],
  publishWithoutConditions: ["publishResult"],
  publishAgain: ["publishResult"],
  answerBeforePublishing: ["publishResult"],
  believeEveryWrite: ["publishResult"],
  neverEnd: ["createDeadline"],
  keepFirstChunk: ["readObject"],
  believeTheFirstAnswer: ["openObject"],
  believeEveryETag: ["openObject"],
  believeEverySize: ["openObject"],
  waitForWhatIsGone: ["openObject"],
  checkNothing: ["createS3Client"],
  forgetUnfinished: ["classifyBatch"],
  forgetUnreadable: ["isToRepeat"],
  rejectAfterwards: ["publishResult"],
  believeEveryFlush: ["linesPublisher"],
  believeTheFirstRefusal: ["annotationPublisher"],
  decodeHere: ["prepareApart"],
};

const FETCH_RETRIES = {
  disabled: "FETCH_FAILED is tried again",
  module: "errors.ts",
  mutant: "rejectFailedFetches",
  expected: "wrong",
} as const;
const OWN_RESULT = {
  disabled: "one's own result is recognised",
  module: "stages/publish/object.ts",
  mutant: "failOnOwnResult",
  expected: "came back for nothing",
} as const;
const LATER_WINS = {
  disabled: "a result of an older upload gives way",
  module: "stages/publish/object.ts",
  mutant: "replaceNewerResults",
  expected: "out of order",
} as const;
const COMES_BACK = {
  disabled: "what a dead environment had in work comes back",
  answer: ({ requestId, payload, functionError }: FunctionAnswer): FunctionAnswer =>
    functionError === undefined
      ? { requestId, payload }
      : { requestId, payload: JSON.stringify({ batchItemFailures: [] }) },
  expected: "lost",
} as const;

/** Every fault of the simulation and of the processes stands here with the mechanism that survives it. */
export const MECHANISMS: readonly Mechanism[] = [
  ...(["refuse", "reset", "500", "503", "slowdown"] as const).map((fault) => ({
    ...FETCH_RETRIES,
    faults: [fault],
  })),
  {
    disabled: "silence ends: S3_TIMEOUT_MS, the deadline's signal, the batch's bound",
    module: "deadline.ts",
    mutant: "neverEnd",
    variables: { S3_TIMEOUT_MS: "600000" },
    faults: ["stall"],
    expected: "silent",
    runs: 6,
  },
  {
    disabled: "a body that comes in pieces is put together",
    module: "stages/fetch.ts",
    mutant: "keepFirstChunk",
    faults: ["throttle"],
    expected: "wrong",
  },
  {
    disabled: "the checksum of what is read",
    module: "s3.ts",
    mutant: "checkNothing",
    faults: ["corrupt"],
    expected: "wrong",
  },
  {
    disabled: "S3's refusal of a corrupt result counts",
    module: "stages/publish/object.ts",
    mutant: "believeEveryWrite",
    faults: ["corrupt-request"],
    expected: "lost",
  },
  {
    disabled: "nothing counts before its lines are written",
    module: "stages/publish/lines.ts",
    mutant: "believeEveryFlush",
    resultsAs: "lines",
    faults: ["corrupt-request"],
    expected: "lost",
  },
  { ...OWN_RESULT, faults: ["lost-answer"] },
  ...(["missing", "denied"] as const).map((fault) => ({
    disabled: "S3 has to say it twice",
    module: "stages/fetch.ts",
    mutant: "believeTheFirstAnswer",
    faults: [fault],
    expected: fault === "missing" ? "wrong" : "lost",
  })),
  {
    disabled: "S3 has to say twice that an annotation has no place",
    module: "stages/publish/annotation.ts",
    mutant: "believeTheFirstRefusal",
    resultsAs: "annotation",
    faults: ["missing"],
    expected: "lost",
  },
  {
    disabled: "the ETag of what arrives is compared",
    module: "stages/fetch.ts",
    mutant: "believeEveryETag",
    faults: ["stale"],
    expected: "wrong",
  },
  {
    disabled: "the size of what arrives is compared",
    module: "stages/fetch.ts",
    mutant: "believeEverySize",
    faults: ["cut"],
    expected: "wrong",
  },
  {
    disabled: "nothing is answered before it is published",
    module: "stages/publish/object.ts",
    mutant: "answerBeforePublishing",
    faults: ["kill"],
    expected: "lost",
  },
  {
    disabled: "what was not finished is reported as failed",
    module: "batch.ts",
    mutant: "forgetUnfinished",
    faults: ["out-of-time"],
    expected: "lost",
  },
  {
    disabled: "results are written on condition",
    module: "stages/publish/object.ts",
    mutant: "publishWithoutConditions",
    faults: ["redelivery"],
    expected: "written twice",
  },
  {
    disabled: "one's own result is left alone",
    module: "stages/publish/object.ts",
    mutant: "publishAgain",
    faults: ["twice"],
    expected: "written twice",
  },
  {
    disabled: "a classification is not replaced by a rejection of its own event",
    module: "stages/publish/object.ts",
    mutant: "rejectAfterwards",
    faults: ["deleted-later"],
    expected: "written twice",
  },
  { ...LATER_WINS, faults: ["late", "reordered"] },
  { ...LATER_WINS, faults: ["reordered"] },
  {
    disabled: "what cannot be read is reported as failed",
    module: "triggers/trigger.ts",
    mutant: "forgetUnreadable",
    faults: ["malformed"],
    expected: "vanished",
  },
  {
    disabled: "a version that is not there is not waited for",
    module: "stages/fetch.ts",
    mutant: "waitForWhatIsGone",
    faults: ["unknown-version"],
    expected: "came back for nothing",
  },
  // After the answer there is nothing left to lose but the answer.
  ...(["init", "fetch", "decode", "publish", "published", "frozen", "memory"] as const).map((stage) => ({
    ...COMES_BACK,
    faults: [stage],
    runs: 8,
  })),
  ...(["published", "answer"] as const).map((stage) => ({ ...OWN_RESULT, faults: [stage], runs: 8 })),
  {
    disabled: "what is alone is decoded in a process of its own",
    module: "stages/prepare-apart.ts",
    mutant: "decodeHere",
    faults: ["memory"],
    expected: "dead",
    runs: 4,
  },
];
