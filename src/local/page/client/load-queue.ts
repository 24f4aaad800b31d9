/**
 * A browser opens six connections to a host. While S3 is slow, thumbnails would hold them all, and the buttons that
 * mend it would have to wait: so only a few are loaded at once.
 */
const AT_ONCE = 3;
let running = 0;
const waiting: (() => void)[] = [];

/** Calls `start` when there is room; what it is given must be called once, when the load has ended. */
export function enqueueLoad(start: (done: () => void) => void): void {
  waiting.push(() => {
    running += 1;
    let isDone = false;
    start(() => {
      if (isDone) return;
      isDone = true;
      running -= 1;
      next();
    });
  });
  next();
}

function next(): void {
  while (running < AT_ONCE) {
    // The latest first: it is what is in view now.
    const load = waiting.pop();
    if (load === undefined) return;
    load();
  }
}
