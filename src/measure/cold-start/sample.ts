/** Something that happened once in a starting process, in milliseconds since its time origin. */
export interface Step {
  name: string;
  startMs: number;
  endMs: number;
}

/** One cold start as the process itself saw it. Times without `origin` are milliseconds since its time origin. */
export interface ColdStartSample {
  /** The time origin, milliseconds since 1970. */
  originMs: number;
  /** Node has started and runs its first file. */
  bootstrapMs: number;
  /** The bundle's import begins. */
  loadingMs: number;
  /** The bundle is loaded: top-level `await` included, so Lambda's INIT ends here. */
  readyMs: number;
  /** The first result is published. */
  doneMs: number;
  /** User and system time of all threads. */
  cpuMs: number;
  peakMemoryMb: number;
  /** Only of a traced start. */
  steps: Step[];
}
