import assert from "node:assert/strict";
import { join } from "node:path";
import { suite, test } from "node:test";
import { loadSharp } from "../../src/function/native.ts";
import type { PastResult } from "../../src/local/page/api.ts";
import { startPage } from "../../src/local/page/server.ts";
import { atEnd } from "./at-end.ts";
import { dropFiles, openPage, rowOf, textOf, titleOf } from "./browser.ts";
import { fixturePath, MODEL_DIR, startLocal } from "./stack.ts";

suite("a picture closer", () => {
  test("shows the part that the model sees, its very pixels, and goes closer with click and key", async (t) => {
    const { page } = await startLocal(t, { modelDir: join(MODEL_DIR, "../upload-triage-224") });
    const browser = await openPage(t, page.url);
    await dropFiles(browser, [fixturePath("photo-1.jpg")]);
    await titleOf(browser, "photo-1.jpg", "classified");
    await rowOf(browser, "photo-1.jpg").click();
    const detail = browser.getByRole("dialog", { name: "photo-1.jpg" });
    // 960 × 720 becomes 341 × 256, of which 224 × 224 are kept.
    await detail.getByText("Of 341 × 256 pixels the middle 224 × 224; its frame is drawn above").waitFor();
    await detail.locator(".preview.loaded").waitFor();
    const shares = await detail.locator(".crop").evaluate((crop) => {
      const [part, whole] = [crop, crop.parentElement ?? crop].map((each) => each.getBoundingClientRect());
      return [(part?.width ?? 0) / (whole?.width ?? 1), (part?.height ?? 0) / (whole?.height ?? 1)];
    });
    const [width = 0, height = 0] = shares;
    assert.ok(Math.abs(width - 224 / 341) < 0.02 && Math.abs(height - 224 / 256) < 0.02, shares.join());
    const src = await detail.getByAltText("The pixels that the model is given").getAttribute("src");
    const png = await (await fetch(new URL(src ?? "", page.url))).arrayBuffer();
    const input = await loadSharp()(png).metadata();
    assert.deepEqual([input.width, input.height], [224, 224]);
    const shown = () => detail.locator(".shot img").evaluate((image) => image.getBoundingClientRect().width);
    const fitted = await shown();
    await detail.locator(".shot").click();
    assert.equal(await textOf(detail.getByRole("button", { name: "Zoom" })), "Zoom 2 ×");
    assert.ok((await shown()) > 1.5 * fitted);
    await browser.keyboard.press("+");
    assert.equal(await textOf(detail.getByRole("button", { name: "Zoom" })), "Zoom 4 ×");
    await browser.keyboard.press("-");
    await browser.keyboard.press("-");
    assert.equal(await shown(), fitted);
  });

  test("has no frame where the model sees the whole", async (t) => {
    const { page } = await startLocal(t, { modelDir: MODEL_DIR });
    const browser = await openPage(t, page.url);
    await dropFiles(browser, [fixturePath("photo-1.jpg")]);
    await titleOf(browser, "photo-1.jpg", "classified");
    await rowOf(browser, "photo-1.jpg").click();
    const detail = browser.getByRole("dialog", { name: "photo-1.jpg" });
    await detail.getByText(/^The whole image, as \d+ × \d+ pixels$/).waitFor();
    assert.equal(await detail.locator(".crop").isVisible(), false);
  });

  test("shows its way from upload to result, which a restart keeps", async (t) => {
    const { stack, page } = await startLocal(t);
    const browser = await openPage(t, page.url);
    await dropFiles(browser, [fixturePath("icon-1.png")]);
    await titleOf(browser, "icon-1.png", "classified");
    await rowOf(browser, "icon-1.png").click();
    const spans = browser.locator(".waterfall .name");
    await spans.first().waitFor();
    const names = await spans.allInnerTexts();
    const stages = ["fetch", "decode", "normalize", "infer", "rank", "publish"];
    assert.deepEqual(
      names.filter((name) => name !== "turn"),
      ["upload", "queue", ...stages],
    );
    const eTag = await rowOf(browser, "icon-1.png").locator("img").getAttribute("src");
    const query = new URLSearchParams({
      key: "icon-1.png",
      eTag: new URL(eTag ?? "", page.url).searchParams.get("eTag") ?? "",
    });
    const { results } = (await (await fetch(`${page.url}/api/history?${query}`)).json()) as {
      results: PastResult[];
    };
    const [{ uploadedAt = 0, startedAt = 0, classifiedAt = 0, storedAt = 0 } = {}] = results;
    assert.ok(
      uploadedAt <= startedAt && startedAt < classifiedAt && classifiedAt <= storedAt,
      JSON.stringify(results),
    );
    await browser.goto("about:blank");
    await page.close();
    const later = await startPage({ stack });
    atEnd(t, () => later.close());
    await browser.goto(`${later.url}/#picture=icon-1.png`);
    await spans.first().waitFor();
    assert.deepEqual(
      await spans.allInnerTexts(),
      names.filter((name) => name !== "upload"),
    );
    await browser.getByText("EMF lines of its invocation").click();
    assert.match(await textOf(browser.locator("details[open] pre")), /GravitonImageClassifier/);
    // The charts of the earlier run are there as well, Lambda's among them: the cost needs both.
    await browser.keyboard.press("Escape");
    for (const name of ["Pictures", "Invocation against its 30 s limit"]) {
      const widget = browser.locator(".widget", { has: browser.getByRole("heading", { name, exact: true }) });
      await widget.scrollIntoViewIfNeeded();
      await widget.locator(".plot:not(.no-data)").waitFor();
    }
  });

  for (const [way, name, proves] of [
    ["annotation", "Open the annotation", /"classified"/],
    ["lines", "Open its line of the results", /"classified"/],
  ] as const) {
    test(`a result that is published as ${way} is read, and linked`, async (t) => {
      const { page } = await startLocal(t, { environment: { RESULTS_AS: way } });
      const browser = await openPage(t, page.url);
      await dropFiles(browser, [fixturePath("icon-1.png")]);
      await titleOf(browser, "icon-1.png", "classified");
      await rowOf(browser, "icon-1.png").click();
      const link = browser.getByRole("link", { name });
      await link.waitFor();
      const href = new URL((await link.getAttribute("href")) ?? "", page.url);
      assert.match(await (await fetch(href)).text(), proves);
      assert.equal(await browser.getByRole("link", { name: "Open the result object" }).count(), 0);
    });
  }
});
