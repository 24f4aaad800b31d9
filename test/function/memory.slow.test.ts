import assert from "node:assert/strict";
import { test } from "node:test";
import { measureMemory } from "./memory.ts";

// The short form of `npm run test:memory`, which goes on to 10,000 pictures.
test("the function's process holds after 600 pictures what it held after 300, within a tenth", async (t) => {
  const execArgv = ["--expose-gc"];
  const samples = await measureMemory(["icon-1.png", "chart-1.png", "blank-2.png"], [300, 600], { execArgv });
  const [before, after] = samples;
  assert.ok(before !== undefined && after !== undefined);
  t.diagnostic(`${before.rss} bytes after 300, ${after.rss} after 600`);
  assert.ok(after.rss <= before.rss * 1.1, `${before.rss} bytes after 300, ${after.rss} after 600`);
});
