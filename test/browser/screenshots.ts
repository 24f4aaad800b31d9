import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";
import { sharp } from "../../src/function/native.ts";
import { dropFiles, openPage, waitForCount } from "./browser.ts";
import { picturePaths, startLocal } from "./stack.ts";

const DIR = join(import.meta.dirname, "../../docs/screenshots");

/** `npm run screenshots`: the pictures of the page in the README, from the real page with our own fixtures. */
test("screenshots", async (t) => {
  await mkdir(DIR, { recursive: true });
  const { page } = await startLocal(t);
  const browser = await openPage(t, page.url, {
    viewport: { width: 1360, height: 850 },
    reducedMotion: "reduce",
  });
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

  await browser.locator(".row", { hasText: "document-2.jpg" }).first().click();
  await browser.locator(".detail .predictions").waitFor();
  await browser.locator(".detail .preview.loaded").waitFor();
  await shoot("picture");
  await browser.keyboard.press("Escape");

  await browser.emulateMedia({ colorScheme: "dark" });
  await browser.setViewportSize({ width: 1360, height: 1700 });
  await browser.waitForTimeout(1_500);
  const dashboard = browser.locator("#dashboard");
  await save("dashboard-dark", await dashboard.screenshot());
  await browser.emulateMedia({ colorScheme: "light" });
  await browser.waitForTimeout(1_500);
  await save("dashboard", await dashboard.screenshot());
});

/** With a palette, which a page of few colours fits into, a picture is a third as large. */
async function save(name: string, png: Buffer): Promise<void> {
  await sharp(png)
    .png({ palette: true, quality: 90, effort: 10 })
    .toFile(join(DIR, `${name}.png`));
}

after(() => console.log(`Written to ${DIR}.`));
