import assert from "node:assert/strict";
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { teach } from "../../src/models/teach/teach.ts";
import { drawFolder } from "../models/teach/pictures.ts";
import { dropFiles, openPage, rowOf, titleOf, waitForCount } from "./browser.ts";
import { MODEL_DIR, makeTempDir, startLocal } from "./stack.ts";

test("what further heads say, and what is unknown, is in the list, found by text and in the detail view", async (t) => {
  const folder = await makeTempDir(t);
  const images = join(folder, "images");
  await drawFolder(images, ["bars", "rings"], 8);
  await drawFolder(join(folder, "unseen"), ["bars", "noise"], 1, 100);
  const files = ["bars", "noise"].map((kind) => {
    const file = join(folder, `${kind}.jpg`);
    copyFileSync(join(folder, "unseen", kind, "100.jpg"), file);
    return file;
  });
  const { folder: modelDir } = await teach({
    ...{ name: "drawings", images: [images], extend: MODEL_DIR, models: join(folder, "models") },
  });
  const { stack, page } = await startLocal(t, { modelDir });
  const browser = await openPage(t, page.url);
  await dropFiles(browser, files);
  await waitForCount(browser, "Classified", 2);
  const { heads, unknown } = (await stack.readResult("bars.jpg")) as {
    heads: { name: string; predictions: { label: string }[] }[];
    unknown: { similarity: number };
  };
  const said = `upload-triage: ${heads[0]?.predictions[0]?.label}`;
  assert.equal(await titleOf(browser, "bars.jpg", "classified"), "bars");
  assert.ok((await rowOf(browser, "bars.jpg").locator(".note").textContent())?.endsWith(` · ${said}`));
  assert.match(await titleOf(browser, "noise.jpg", "classified"), /^unknown: /);

  const search = browser.getByLabel("Filter by name");
  await search.fill("unknown");
  await rowOf(browser, "bars.jpg").waitFor({ state: "hidden" });
  await rowOf(browser, "noise.jpg").waitFor();
  await search.fill(said);
  await rowOf(browser, "bars.jpg").click();
  const detail = browser.getByRole("dialog");
  const rankings = detail.locator(".predictions");
  await rankings.nth(1).waitFor();
  assert.deepEqual(
    await rankings.nth(1).locator(".name").allInnerTexts(),
    heads[0]?.predictions.map(({ label }) => label),
  );
  await detail.getByRole("heading", { name: "upload-triage" }).waitFor();
  await detail.getByText(`Similarity to the nearest label: ${unknown.similarity.toFixed(2)}`).waitFor();
});
