import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Page } from "playwright-core";
import { dropFiles, openPage, rowOf, textOf, titleOf, waitForCount } from "./browser.ts";
import { firstEvents, tell } from "./first-events.ts";
import { fixturePath, picturePaths, startLocal } from "./stack.ts";

const OFFLINE = /ERR_CONNECTION_REFUSED|ERR_INCOMPLETE|ERR_EMPTY/;

suite("rows", () => {
  test("scores are never cut, rejections use the whole row, one slow picture flattens no other", async (t) => {
    const { page } = await startLocal(t);
    const times = { fetch: 5, decode: 5, normalize: 0, infer: 10, rank: 0 };
    const common = { eTag: "e", sizeBytes: 1, model: "upload-triage" };
    const classified = { ...common, status: "classified", score: 0.912, timingsMs: times };
    const upserts = [
      ...[1, 2, 3].map((n) => ({ ...classified, key: `${n}.jpg`, uploadedAt: n, label: "photo" })),
      {
        ...classified,
        key: "slow.jpg",
        uploadedAt: 4,
        label: "photo",
        timingsMs: { ...times, fetch: 60_000 },
      },
      { ...classified, key: "long.jpg", uploadedAt: 5, label: "a label of an ImageNet model, ".repeat(4) },
      { ...common, key: "torn.jpg", uploadedAt: 6, status: "rejected", code: "INVALID_IMAGE" },
    ];
    const events = await firstEvents(page.url);
    events.set("pictures", JSON.stringify({ reset: true, upserts, removed: [] }));
    const browser = await openPage(t, page.url, {
      viewport: { width: 390, height: 1400 },
      provokes: /./,
      prepare: (context) => tell(context, events),
    });
    const isCut = (key: string, part: string) =>
      rowOf(browser, key)
        .locator(part)
        .evaluate((element) => element.scrollWidth > element.clientWidth);
    assert.deepEqual([await isCut("long.jpg", ".title"), await isCut("long.jpg", ".note")], [true, false]);
    assert.equal(await textOf(rowOf(browser, "long.jpg").locator(".note")), "91.2 %");
    assert.equal(await rowOf(browser, "torn.jpg").locator(".stages").isVisible(), false);
    const share = (key: string) =>
      rowOf(browser, key)
        .locator(".stage-bar")
        .evaluate((bar) => {
          const width = (element: Element) => element.getBoundingClientRect().width;
          return [...bar.children].reduce((sum, part) => sum + width(part), 0) / width(bar);
        });
    assert.ok((await share("1.jpg")) > 0.4, "half a bar for the usual time");
    assert.ok((await share("slow.jpg")) > 0.95, "a whole bar for the slow one");
    assert.deepEqual(await browser.locator(".row.over:visible .key").allInnerTexts(), ["slow.jpg"]);
    const legend = await browser
      .getByRole("list", { name: /Colours of the bars/ })
      .locator("li")
      .allInnerTexts();
    assert.deepEqual(legend, ["fetch", "decode", "normalize", "infer", "rank"]);
  });

  test("a thumbnail that failed during an outage comes back by itself, beside its own result", async (t) => {
    const { stack, page } = await startLocal(t);
    const browser = await openPage(t, page.url);
    stack.setFault({ kind: "status", status: 503, code: "SlowDown", operations: ["GetObject"] });
    await dropFiles(browser, [fixturePath("icon-1.png")]);
    await titleOf(browser, "icon-1.png", "dead");
    await browser.reload();
    const thumbnail = rowOf(browser, "icon-1.png").locator(".thumbnail");
    await thumbnail.and(browser.locator(".broken")).waitFor();
    stack.setFault(undefined);
    await thumbnail.and(browser.locator(".loaded:not(.broken)")).waitFor();
    assert.match((await thumbnail.locator("img").getAttribute("src")) ?? "", /key=icon-1\.png/);
  });
});

suite("uploads and the server", () => {
  test("many uploads show how many are left, and are cancelled with one click", async (t) => {
    const { page } = await startLocal(t);
    const browser = await openPage(t, page.url, {
      provokes: /ERR_ABORTED|ERR_FAILED/,
      prepare: (context) => context.route(/\/uploads\/[^?]+$/, () => undefined),
    });
    await dropFiles(browser, await picturePaths());
    await browser.getByText(/^Uploading, 14 of 14 left$/).waitFor();
    await browser.getByRole("button", { name: "Cancel" }).click();
    await browser.getByText("No pictures yet.").waitFor();
    const leaves = () =>
      browser.evaluate(() => window.dispatchEvent(new Event("beforeunload", { cancelable: true })));
    assert.equal(await leaves(), true);
  });

  test("on a phone nothing covers the product's name while the server is away, and no preview blames the file", async (t) => {
    const { page } = await startLocal(t);
    const browser = await openPage(t, page.url, { viewport: { width: 390, height: 844 }, provokes: OFFLINE });
    // The middle of a desktop, where files are dropped elsewhere, is beside a phone.
    await browser.getByLabel("Choose pictures").setInputFiles(["icon-1.png", "photo-1.jpg"].map(fixturePath));
    await waitForCount(browser, "Classified", 2);
    await page.close();
    await browser.getByText("Not connected").waitFor();
    for (const part of ["#settings", ".uploader .buttons", "#flow"])
      assert.equal(
        await browser.locator(part).evaluate((element) => "inert" in element && element.inert),
        true,
        part,
      );
    const [name, notice] = await boxes(browser, "h1", "#connection");
    assert.ok(
      notice.y >= name.y + name.height || notice.x >= name.x + name.width,
      "they lie over each other",
    );
    assert.ok(notice.x + notice.width <= 390);
    await rowOf(browser, "photo-1.jpg").click();
    await browser.getByText("No preview while the page is not connected").waitFor();
    await browser.getByText("The result cannot be read").waitFor();
  });
});

suite("messages", () => {
  test("a message goes by itself", async (t) => {
    const { page } = await startLocal(t);
    const browser = await openPage(t, page.url, { provokes: /status of 409/ });
    await browser.clock.install();
    await browser.getByRole("button", { name: "Kill an environment" }).click();
    const alert = browser.getByRole("alert");
    await alert.waitFor();
    await browser.mouse.move(5, 5);
    await browser.locator("h1").click();
    await browser.clock.fastForward(60_000);
    await alert.waitFor({ state: "detached" });
  });
});

async function boxes(browser: Page, ...selectors: readonly string[]) {
  const found = await Promise.all(selectors.map((selector) => browser.locator(selector).boundingBox()));
  const nothing = { x: 0, y: 0, width: 0, height: 0 };
  const [one = nothing, other = nothing] = found.map((box) => box ?? nothing);
  return [one, other] as const;
}
