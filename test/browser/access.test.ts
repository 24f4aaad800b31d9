import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { suite, test } from "node:test";
import type { Page } from "playwright-core";
import { writeConfusedModel } from "../confused-model.ts";
import { dropFiles, openPage, titleOf, waitForCount } from "./browser.ts";
import { fixturePath, makeTempDir, picturePaths, startLocal } from "./stack.ts";

const axePath = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

const OBSERVE_SHIFTS = `
  window.shift = 0;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shift += entry.value;
  }).observe({ type: "layout-shift", buffered: true });
`;

suite("access and appearance", () => {
  for (const colorScheme of ["light", "dark"] as const) {
    test(`axe finds nothing in the ${colorScheme} page, whatever is open on it`, async (t) => {
      const { stack, page } = await startLocal(t, {
        modelDir: await writeConfusedModel(await makeTempDir(t)),
      });
      const initScript = await readFile(axePath, "utf8");
      const browser = await openPage(t, page.url, {
        initScript,
        colorScheme,
        reducedMotion: "reduce",
        permissions: ["camera"],
        provokes: /ERR_CONNECTION_REFUSED|ERR_INCOMPLETE|ERR_EMPTY|status of 409/,
      });
      const press = (name: string) => browser.getByRole("button", { name, exact: true }).click();
      assert.deepEqual(await violations(browser), [], "empty page");
      await browser.getByRole("button", { name: "Upload poison" }).click();
      await dropFiles(browser, (await picturePaths()).slice(0, 2));
      await waitForCount(browser, "Classified", 2);
      await waitForCount(browser, "Rejected", 3);
      assert.deepEqual(await violations(browser), [], "page with pictures");
      await browser.locator('.row[data-status="rejected"]').first().click();
      await browser.locator(".rejection").waitFor();
      assert.deepEqual(await violations(browser), [], "detail view");
      await browser.keyboard.press("Escape");
      stack.setFault({ kind: "status", status: 503, code: "ServiceUnavailable", operations: ["GetObject"] });
      await dropFiles(browser, [fixturePath("icon-1.png")]);
      await titleOf(browser, "icon-1.png", "dead");
      await browser.getByRole("button", { name: "Why?" }).click();
      assert.deepEqual(await violations(browser), [], "dead letters");
      await browser.keyboard.press("Escape");
      stack.setFault(undefined);
      await browser.getByRole("listbox").focus();
      await browser.keyboard.press("ControlOrMeta+a");
      assert.deepEqual(await violations(browser), [], "picked rows");
      await press("Gallery");
      await browser.locator(".thumbnail.loaded").first().waitFor();
      assert.deepEqual(await violations(browser), [], "gallery");
      await browser.getByRole("button", { name: /picked ×$/ }).click();
      await browser.locator('.row[data-status="classified"]').first().click();
      const detail = browser.locator("dialog.detail");
      await detail.locator(".waterfall").waitFor();
      for (const folded of await detail.locator("summary").all()) await folded.click();
      await detail.getByRole("button", { name: "Zoom" }).click();
      await detail.getByLabel("Right label").fill("chart");
      await press("Keep");
      await detail.getByText("Corrected: chart.").waitFor();
      assert.deepEqual(await violations(browser), [], "a classified picture, zoomed and corrected");
      await browser.keyboard.press("Escape");
      for (const name of ["Terminal", "Address", "Camera"]) {
        await press(name);
        await browser.locator(":popover-open, .camera[open]").waitFor();
        assert.deepEqual(await violations(browser), [], name);
        await browser.keyboard.press("Escape");
      }
      await press("Compare");
      const sheet = browser.getByRole("dialog", { name: "Compare two models" });
      await sheet.getByLabel("Model A").selectOption("upload-triage");
      await sheet.getByLabel("Model B").selectOption("confused");
      await sheet.getByRole("button", { name: /^Classify \d with upload-triage/ }).click();
      await sheet.locator(".confusion").waitFor();
      await browser.waitForFunction(
        () => document.querySelector(".comparison-status .primary:not([hidden])") === null,
      );
      assert.deepEqual(await violations(browser), [], "comparison");
      await browser.keyboard.press("Escape");
      await press("Redrive");
      await page.close();
      await browser.getByText("Not connected").waitFor();
      assert.deepEqual(await violations(browser), [], "not connected");
    });
  }

  test("everything is reached and done with the keyboard", async (t) => {
    const { page } = await startLocal(t);
    const browser = await openPage(t, page.url);
    await dropFiles(browser, ["blank-1.jpg", "chart-1.png", "icon-1.png"].map(fixturePath));
    await waitForCount(browser, "Classified", 3);
    const { keyboard } = browser;
    await keyboard.press("Tab");
    assert.equal(await focused(browser), "Skip to pictures");
    await keyboard.press("Enter");
    const reached: string[] = [];
    for (let at = 0; at < 40 && !reached.includes("As deployed"); at += 1) {
      await keyboard.press("Tab");
      reached.push(await focused(browser));
    }
    for (const name of [
      "Terminal",
      "Filter by name, label or code",
      "Pictures",
      "Kill an environment",
      "As deployed",
    ])
      assert.ok(reached.includes(name), `${name} is not among ${reached.join(", ")}`);
    const list = browser.getByRole("listbox");
    await list.focus();
    await keyboard.press("Home");
    await keyboard.press("ArrowDown");
    await keyboard.press("Enter");
    const detail = browser.locator("dialog.detail");
    await detail.locator(".predictions").waitFor();
    const opened = () => detail.getAttribute("aria-label");
    const isAnother = async (before: string | null) => {
      await detail.and(browser.locator(`:not([aria-label="${before}"])`)).waitFor();
      await detail.locator(".predictions").waitFor();
    };
    const second = await opened();
    assert.equal(await focused(browser), second, "what was opened is read out");
    for (const key of ["ArrowDown", "ArrowUp", "ArrowUp"]) {
      const before = await opened();
      await keyboard.press(key);
      await isAnother(before);
    }
    await keyboard.press("ArrowDown");
    await detail.and(browser.locator(`[aria-label="${second}"]`)).waitFor();
    await detail.locator(".predictions").waitFor();
    // The letter goes to the field; what is typed there is no command.
    await keyboard.press("c");
    await keyboard.type("chart");
    await keyboard.press("Enter");
    await detail.getByText(/^(Corrected: chart|Confirmed)\.$/).waitFor();
    await keyboard.press("ArrowDown");
    await isAnother(second);
    await keyboard.press("Escape");
    await detail.waitFor({ state: "hidden" });
    assert.equal(await focused(browser), "Pictures");
  });

  test("results are said to screen readers", async (t) => {
    const { page } = await startLocal(t);
    const browser = await openPage(t, page.url);
    await dropFiles(browser, [fixturePath("icon-1.png")]);
    await browser.locator("#announcer", { hasText: /icon-1\.png: icon, \d/ }).waitFor({ state: "attached" });
  });

  test("dark is dark, light is light", async (t) => {
    const { page } = await startLocal(t);
    const browser = await openPage(t, page.url, { colorScheme: "dark" });
    assert.ok((await lightness(browser)) < 60);
    await browser.emulateMedia({ colorScheme: "light" });
    assert.ok((await lightness(browser)) > 200);
  });

  test("no width from 360 to 2200 pixels makes the page scroll sideways", async (t) => {
    const { page } = await startLocal(t);
    const browser = await openPage(t, page.url);
    await dropFiles(browser, ["blank-1.jpg", "chart-1.png"].map(fixturePath));
    await waitForCount(browser, "Classified", 2);
    for (const width of [360, 390, 720, 900, 1080, 1440, 2200]) {
      await browser.setViewportSize({ width, height: 900 });
      const overflow = await browser.evaluate(() => {
        // On a phone the widgets scroll sideways within their own frame.
        const inside = (element: Element) =>
          element.closest(".visually-hidden, .list, dialog, .skip, .grid > *") === null;
        const out = [...document.querySelectorAll("main *, header *")]
          .filter((element) => inside(element) && element.getBoundingClientRect().right > innerWidth + 1)
          .map((element) => `${element.tagName}.${element.className}`);
        return { sideways: document.documentElement.scrollWidth > innerWidth, out };
      });
      assert.deepEqual(overflow, { sideways: false, out: [] }, `${width} pixels wide`);
    }
  });

  test("nothing jumps while pictures arrive, fail and are redriven", async (t) => {
    const { stack, page } = await startLocal(t);
    const browser = await openPage(t, page.url, { initScript: OBSERVE_SHIFTS });
    await dropFiles(browser, (await picturePaths()).slice(0, 4));
    await waitForCount(browser, "Classified", 4);
    stack.setFault({ kind: "status", status: 503, code: "ServiceUnavailable", operations: ["GetObject"] });
    await dropFiles(browser, [fixturePath("icon-1.png")]);
    await titleOf(browser, "icon-1.png", "dead");
    stack.setFault(undefined);
    stack.redrive();
    await titleOf(browser, "icon-1.png", "classified");
    const shift = await browser.evaluate(() => (globalThis as unknown as { shift: number }).shift);
    // https://web.dev/articles/cls calls up to 0.1 good; what is left here is numbers that become wider.
    assert.ok(shift < 0.02, `cumulative layout shift ${shift}`);
  });
});

async function violations(page: Page): Promise<string[]> {
  return page.evaluate(async () => {
    interface Axe {
      run(
        options: object,
      ): Promise<{ violations: { id: string; nodes: { html: string; failureSummary?: string }[] }[] }>;
    }
    const { axe } = globalThis as unknown as { axe: Axe };
    const found = await axe.run({ resultTypes: ["violations"] });
    return found.violations.flatMap(({ id, nodes }) =>
      nodes.map(
        ({ html, failureSummary = "" }) => `${id}: ${html.slice(0, 160)} ${failureSummary.slice(0, 300)}`,
      ),
    );
  });
}

/** The accessible name of what has the focus, near enough. */
function focused(page: Page): Promise<string> {
  return page.evaluate(() => {
    const element = document.activeElement;
    return element?.getAttribute("aria-label") ?? element?.textContent?.trim() ?? "";
  });
}

/** 0 to 255, of the page's background. */
function lightness(page: Page): Promise<number> {
  return page.evaluate(() => {
    const channels = getComputedStyle(document.documentElement).backgroundColor.match(/\d+/g) ?? [];
    return channels.slice(0, 3).reduce((sum, channel) => sum + Number(channel) / 3, 0);
  });
}
