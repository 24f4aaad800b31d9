import { STAGES, type Stage } from "./processes.ts";
import type { FaultClass } from "./simulate.ts";

/** One mechanism taken out, and the fault that it is there for. */
export interface MechanismMutation {
  /** What no longer holds. */
  readonly disabled: string;
  readonly edits: readonly (readonly [file: string, from: string, to: string])[];
  readonly faults: readonly (FaultClass | Stage)[];
  /** How the violation that has to be found begins. */
  readonly expected: string;
  /** Runs to play; 60 unless the fault takes long. */
  readonly runs?: number;
}

const FETCH_RETRIES = {
  disabled: "FETCH_FAILED is tried again",
  edits: [
    [
      "src/function/errors.ts",
      "FETCH_FAILED: {\n    retryable: true",
      "FETCH_FAILED: {\n    retryable: false",
    ],
  ],
  expected: "wrong",
} as const;
const OWN_RESULT = {
  disabled: "one's own result is recognised",
  edits: [
    [
      "src/function/stages/publish/object.ts",
      'return isSameVerdict(existing, ours) ? "unchanged" : undefined;',
      'if (isSameVerdict(existing, ours)) throw new Error("a result is there");\n    return undefined;',
    ],
  ],
  expected: "given up for nothing",
} as const;
const LATER_WINS = {
  disabled: "a result of an older upload gives way",
  edits: [
    [
      "src/function/stages/publish/object.ts",
      "return compareSequencers(ours.sequencer, existing.sequencer) >= 0;",
      "return true;",
    ],
  ],
  expected: "out of order",
} as const;

/** Every fault of the simulation and of the processes stands here with the mechanism that survives it. */
export const MECHANISMS: readonly MechanismMutation[] = [
  ...(["refuse", "reset", "500", "503", "slowdown"] as const).map((fault) => ({
    ...FETCH_RETRIES,
    faults: [fault],
  })),
  {
    disabled: "silence ends: S3_TIMEOUT_MS, the deadline's signal, the batch's bound",
    edits: [
      [
        "src/function/s3.ts",
        "requestHandler: { connectionTimeout: config.s3TimeoutMs, socketTimeout: config.s3TimeoutMs },",
        "",
      ],
      ["src/function/deadline.ts", "AbortSignal.timeout(budgetMs)", "new AbortController().signal"],
      ["src/function/deadline.ts", "return Promise.race([work, over])", "return Promise.race([work])"],
    ],
    faults: ["stall"],
    expected: "silent",
    runs: 6,
  },
  {
    disabled: "a body that comes in pieces is put together",
    edits: [["src/function/stages/fetch.ts", "chunk.copy(buffer, length);", "chunk.copy(buffer, 0);"]],
    faults: ["throttle"],
    expected: "wrong",
  },
  {
    disabled: "the checksum of what is read",
    edits: [
      [
        "src/function/s3.ts",
        "forcePathStyle: config.s3ForcePathStyle,",
        'forcePathStyle: config.s3ForcePathStyle, responseChecksumValidation: "WHEN_REQUIRED",',
      ],
    ],
    faults: ["corrupt"],
    expected: "wrong",
  },
  {
    disabled: "S3's refusal of a corrupt result counts",
    edits: [
      [
        "src/function/stages/publish/object.ts",
        "return false;\n    throw error;",
        "return false;\n    return true;",
      ],
    ],
    faults: ["corrupt-request"],
    expected: "lost",
  },
  { ...OWN_RESULT, faults: ["lost-answer"] },
  ...(["missing", "denied"] as const).map((fault) => ({
    disabled: "S3 has to say it twice",
    edits: [
      ["src/function/stages/fetch.ts", "await lookAgain(s3, ref, told.status, options.signal);", ""],
    ] as const,
    faults: [fault],
    expected: fault === "missing" ? "wrong" : "lost",
  })),
  {
    disabled: "the ETag of what arrives is compared",
    edits: [["src/function/stages/fetch.ts", "got !== ref.eTag", "got === undefined"]],
    faults: ["stale"],
    expected: "wrong",
  },
  {
    disabled: "nothing is answered before it is published",
    edits: [
      [
        "src/function/upload.ts",
        "const published = await publishResult(s3, config.resultsBucket, result, deadline.signal);",
        'const published = "published" as string;\n    publishResult(s3, config.resultsBucket, result, deadline.signal).catch(() => {});',
      ],
    ],
    faults: ["kill"],
    expected: "lost",
  },
  {
    disabled: "what was not started is reported as failed",
    edits: [
      [
        "src/function/batch.ts",
        'return { status: "failed", ref, error: new ClassifierError("DEADLINE_NEAR", message) };',
        'return { status: "superseded", ref };',
      ],
    ],
    faults: ["out-of-time"],
    expected: "lost",
  },
  {
    disabled: "results are written on condition",
    edits: [
      [
        "src/function/stages/publish/object.ts",
        'const condition = replaced === undefined ? { IfNoneMatch: "*" } : { IfMatch: replaced };',
        "const condition = {};",
      ],
    ],
    faults: ["redelivery"],
    expected: "written twice",
  },
  {
    disabled: "one's own result is left alone",
    edits: [
      [
        "src/function/stages/publish/object.ts",
        'return isSameVerdict(existing, ours) ? "unchanged" : undefined;',
        "return undefined;",
      ],
    ],
    faults: ["twice"],
    expected: "written twice",
  },
  { ...LATER_WINS, faults: ["late", "reordered"] },
  { ...LATER_WINS, faults: ["reordered"] },
  {
    disabled: "what cannot be read is reported as failed",
    edits: [
      [
        "src/function/triggers/trigger.ts",
        'outcome.status === "failed" || outcome.status === "unreadable"',
        'outcome.status === "failed"',
      ],
    ],
    faults: ["malformed"],
    expected: "vanished",
  },
  {
    disabled: "a version that is not there is not waited for",
    edits: [["src/function/stages/fetch.ts", '"OBJECT_NOT_FOUND",', '"FETCH_FAILED",']],
    faults: ["unknown-version"],
    expected: "given up for nothing",
  },
  // After the answer there is nothing left to lose but the answer.
  ...STAGES.filter((stage) => stage !== "answer").map((stage) => ({
    disabled: "what a dead environment had in work comes back",
    edits: [
      [
        "src/local/event-source.ts",
        "if (answer.functionError !== undefined) return all(",
        'if (answer.functionError === "never") return all(',
      ],
    ] as const,
    faults: [stage],
    expected: "lost",
    runs: 8,
  })),
  ...(["published", "answer"] as const).map((stage) => ({
    ...OWN_RESULT,
    faults: [stage],
    runs: 8,
  })),
];
