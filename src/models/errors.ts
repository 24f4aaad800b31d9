/**
 * What can go wrong in the `model` command, and the exit status that tells a script which it was.
 * Status 1 is left to crashes, 2 to wrong usage (commander's errors among them).
 */
export const EXIT_STATUS = {
  USAGE: 2,
  FILE_UNREADABLE: 3,
  MODEL_UNSUPPORTED: 4,
  LABELS_WRONG: 5,
  ALREADY_THERE: 6,
  DOWNLOAD_FAILED: 7,
  HASH_WRONG: 8,
  ARCHIVE_WRONG: 9,
  MODEL_INVALID: 10,
  DATASET_WRONG: 11,
  PICTURES_UNREADABLE: 12,
  BELOW_THRESHOLD: 13,
  PREPROCESSING_UNKNOWN: 14,
} as const;

export type CommandErrorCode = keyof typeof EXIT_STATUS;

/** An expected failure of a command: `message` says what was expected, what came, and what to do. */
export class CommandError extends Error {
  readonly code: CommandErrorCode;

  constructor(code: CommandErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "CommandError";
    this.code = code;
  }

  get exitStatus(): number {
    return EXIT_STATUS[this.code];
  }
}

/** The text of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
