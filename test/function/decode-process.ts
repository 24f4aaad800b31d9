import type { TestContext } from "node:test";

/** What a process that decodes does once it has its image, as a fault in native code would. */
export const WITH_THE_IMAGE = {
  crash: "process.once('message', () => process.abort());",
  hang: "process.once('message', () => { for (;;); });",
} as const;

/** Lets the processes that decode from now on run these statements before anything else. */
export function spoilDecodeProcesses(t: TestContext, statements: string): () => void {
  const { NODE_OPTIONS } = process.env;
  const restore = () => {
    if (NODE_OPTIONS === undefined) delete process.env.NODE_OPTIONS;
    else process.env.NODE_OPTIONS = NODE_OPTIONS;
  };
  process.env.NODE_OPTIONS = `--import=data:text/javascript,${encodeURIComponent(statements)}`;
  t.after(restore);
  return restore;
}
