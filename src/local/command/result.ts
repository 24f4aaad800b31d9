/** What the commands read of a result object (its whole schema is documented with the function). */
export interface ResultDocument {
  readonly status: "classified" | "rejected";
  readonly source?: { readonly key?: string; readonly eTag?: string };
  readonly model?: { readonly name: string };
  readonly predictions?: readonly { readonly label: string; readonly score: number }[];
  /** Of a model that knows what is unknown to it. */
  readonly unknown?: { readonly isUnknown: boolean };
  /** Of a model that extends others: what each of those says. */
  readonly heads?: readonly {
    readonly name: string;
    readonly predictions: readonly { readonly label: string; readonly score: number }[];
  }[];
  readonly error?: { readonly code: string; readonly message: string };
  /** Stage → milliseconds, in the order of the stages. */
  readonly timingsMs?: Readonly<Record<string, number>>;
}

/** How one picture ended. */
export type PictureOutcome =
  | { readonly name: string; readonly key: string; readonly document: ResultDocument }
  | { readonly name: string; readonly key: string; readonly failure: string; readonly code?: string };
