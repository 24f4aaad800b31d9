import assert from "node:assert/strict";
import { test } from "node:test";
import { startPage } from "../../src/local/page/server.ts";
import { writeConfusedModel } from "../confused-model.ts";
import { atEnd } from "./at-end.ts";
import { dropFiles, openPage, textOf, waitForCount } from "./browser.ts";
import { fixturePath, makeTempDir, startLocal } from "./stack.ts";

test("two models are compared on the same pictures: agreement, confusion, disagreements, speed; a restart keeps it", async (t) => {
  const modelDir = await writeConfusedModel(await makeTempDir(t));
  const { stack, page } = await startLocal(t, { modelDir });
  const browser = await openPage(t, page.url);
  const names = ["barcode-1.png", "icon-1.png", "photo-1.jpg", "photo-2.jpg"];
  await dropFiles(browser, names.map(fixturePath));
  await waitForCount(browser, "Classified", 4);
  await browser.getByRole("button", { name: "Compare" }).click();
  const sheet = browser.getByRole("dialog", { name: "Compare two models" });
  await sheet.getByLabel("Model A").selectOption("upload-triage");
  await sheet.getByLabel("Model B").selectOption("confused");
  await sheet.getByRole("button", { name: "Classify 4 with upload-triage" }).click();
  await sheet.getByText("4 pictures of 4 classified by both").waitFor();
  assert.equal(await textOf(sheet.locator(".single").first()), "agree25 %1 of 4 pictures");
  assert.match(await textOf(sheet.locator(".single").nth(1)), /^score shift\+0\.0/);
  assert.match(
    await textOf(sheet.locator(".single").nth(2)),
    /^time of B[\d.]+ ×.*median from decode to rank$/,
  );
  const rows = await sheet.locator(".confusion tbody tr").allInnerTexts();
  assert.deepEqual(
    rows.map((row) => row.split(/\s+/)),
    [
      ["barcode", "1", "·", "·"],
      ["icon", "·", "·", "1"],
      ["photo", "·", "2", "·"],
    ],
  );
  const disagreements = sheet.locator(".disagreement");
  assert.equal(await disagreements.count(), 3);
  const icon = disagreements.filter({ hasText: "icon-1.png" });
  assert.match(await textOf(icon), /^icon-1\.pngAicon[\d.]+ %Bphoto[\d.]+ %$/);
  await icon.click();
  const detail = browser.getByRole("dialog", { name: "icon-1.png" });
  await detail.getByText("By each model").waitFor();
  const past = (await detail.locator(".past li").allInnerTexts()).map((line) =>
    line.split(/\s+/).slice(0, 2).join(" "),
  );
  assert.deepEqual(past, ["upload-triage icon", "confused photo"]);
  // Another page on the same folder reads what the first one kept.
  await browser.goto("about:blank");
  await page.close();
  stack.setModel(modelDir);
  const later = await startPage({ stack });
  atEnd(t, () => later.close());
  await browser.goto(later.url);
  await waitForCount(browser, "Classified", 4);
  await browser.getByRole("button", { name: "Compare" }).click();
  await sheet.getByLabel("Model A").selectOption("upload-triage");
  await sheet.getByLabel("Model B").selectOption("confused");
  await sheet.getByText("They disagree on 3 pictures").waitFor();
});
