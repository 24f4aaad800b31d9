import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";
import { loadSharp } from "../../src/function/native.ts";
import { writeConfusedModel } from "../confused-model.ts";
import { dropFiles, openPage, waitForCount } from "./browser.ts";
import { makeTempDir, picturePaths, startLocal } from "./stack.ts";

const DESKTOP = { width: 1440, height: 900 };
const DIR = join(import.meta.dirname, "../../docs/screenshots");

/** `npm run screenshots`: the pictures of the page in the README, from the real page with our own fixtures. */
test("screenshots", async (t) => {
  await mkdir(DIR, { recursive: true });
  const { page } = await startLocal(t, { modelDir: await writeConfusedModel(await makeTempDir(t)) });
  const browser = await openPage(t, page.url, { viewport: DESKTOP, reducedMotion: "reduce" });
  await browser.getByLabel("Model", { exact: true }).selectOption("upload-triage");
  const paths = await picturePaths();
  await dropFiles(browser, paths);
  await waitForCount(browser, "Classified", paths.length);
  const shoot = async (name: string) => save(name, await browser.screenshot());

  // Some minutes of the fast clock, with a failure in the middle, so that the charts have something to show.
  const again = browser.getByRole("button", { name: "Classify all again" });
  const rounds = async (count: number) => {
    for (let round = 0; round < count; round += 1) {
      await again.click();
      await browser.waitForTimeout(4_000);
    }
  };
  await rounds(7);
  await browser.getByRole("button", { name: "Upload poison" }).click();
  await rounds(2);
  await browser.getByRole("button", { name: "S3 answers 503" }).click();
  await rounds(1);
  await browser.waitForTimeout(6_000);
  await shoot("broken");
  await browser.getByRole("button", { name: "S3 answers 503" }).click();
  await browser.getByRole("button", { name: "Redrive" }).click();
  await rounds(4);
  await waitForCount(browser, "Classified", paths.length, 200_000);
  await browser.waitForTimeout(3_000);
  await shoot("page");
  for (const viewport of [
    { width: 1024, height: 768 },
    { width: 390, height: 844 },
  ]) {
    await browser.setViewportSize(viewport);
    await browser.waitForTimeout(1_000);
    await shoot(`page-${viewport.width}`);
  }
  await browser.setViewportSize(DESKTOP);

  await browser.getByRole("button", { name: "Gallery" }).click();
  await browser.locator(".thumbnail.loaded").first().waitFor();
  await browser.getByRole("button", { name: "Compare" }).click();
  const sheet = browser.getByRole("dialog", { name: "Compare two models" });
  await sheet.getByLabel("Model A").selectOption("upload-triage");
  await sheet.getByLabel("Model B").selectOption("confused");
  await sheet.getByRole("button", { name: /with confused/ }).click();
  await sheet.getByText(`${paths.length} pictures of ${paths.length} classified by both`).waitFor();
  await browser.waitForTimeout(1_000);
  await shoot("compare");
  await browser.keyboard.press("Escape");
  await browser.getByLabel("Model", { exact: true }).selectOption("upload-triage");
  await rounds(1);
  await waitForCount(browser, "Classified", paths.length);
  await browser.getByRole("button", { name: "List" }).click();

  await browser.locator(".row", { hasText: "document-2.jpg" }).first().click();
  await browser.locator(".detail .predictions").waitFor();
  await browser.locator(".detail .preview.loaded").waitFor();
  await shoot("picture");
  await browser.keyboard.press("Escape");

  await browser.emulateMedia({ colorScheme: "dark" });
  await browser.setViewportSize({ width: 1440, height: 2000 });
  await browser.waitForTimeout(1_500);
  const dashboard = browser.locator("#dashboard");
  await save("dashboard-dark", await dashboard.screenshot());
  await browser.emulateMedia({ colorScheme: "light" });
  await browser.waitForTimeout(1_500);
  await save("dashboard", await dashboard.screenshot());
});

/** With a palette, which a page of few colours fits into, a picture is a third as large. */
async function save(name: string, png: Buffer): Promise<void> {
  await loadSharp()(png)
    .png({ palette: true, quality: 90, effort: 10 })
    .toFile(join(DIR, `${name}.png`));
}

after(() => console.log(`Written to ${DIR}.`));
