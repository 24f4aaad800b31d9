import type { TestContext } from "node:test";

type Task = () => unknown;

const tasks = new WeakMap<TestContext, Task[]>();

/** Runs a task when the test ends, the last one given first: what was opened last is closed first. */
export function atEnd(test: TestContext, task: Task): void {
  const known = tasks.get(test);
  if (known !== undefined) {
    known.push(task);
    return;
  }
  const own = [task];
  tasks.set(test, own);
  test.after(async () => {
    for (const each of own.reverse()) await each();
  });
}
