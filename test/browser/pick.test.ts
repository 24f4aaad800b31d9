import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { suite, test } from "node:test";
import { PutObjectCommand } from "@aws-sdk/client-s3";
import type { Page } from "playwright-core";
import { writeConfusedModel } from "../confused-model.ts";
import { dropFiles, openPage, rowOf, titleOf, waitForCount } from "./browser.ts";
import { fixturePath, makeTempDir, startLocal } from "./stack.ts";

const NAMES = ["barcode-1.png", "blank-1.jpg", "icon-1.png", "photo-1.jpg"];

async function openWithPictures(...[test, url]: Parameters<typeof openPage>): Promise<Page> {
  const browser = await openPage(test, url);
  await dropFiles(browser, NAMES.map(fixturePath));
  await waitForCount(browser, "Classified", NAMES.length);
  await browser.getByLabel("Order").selectOption("label");
  return browser;
}

suite("picking", () => {
  test("what is picked with keys is what is exported, classified again and deleted", async (t) => {
    const { stack, page } = await startLocal(t);
    const browser = await openWithPictures(t, page.url);
    const { keyboard } = browser;
    await browser.getByRole("listbox").focus();
    await keyboard.press("Home");
    await keyboard.press("Shift+ArrowDown");
    await browser.getByRole("button", { name: "2 picked ×" }).waitFor();
    const [file] = await Promise.all([
      browser.waitForEvent("download"),
      browser.getByRole("button", { name: "JSON Lines" }).click(),
    ]);
    const lines = (await readFile(await file.path(), "utf8")).trim().split("\n");
    assert.deepEqual(
      lines.map((line) => (JSON.parse(line) as { key: string }).key),
      ["barcode-1.png", "blank-1.jpg"],
    );
    const uploaded: string[] = [];
    const both = Promise.withResolvers<void>();
    stack.events.on("upload", ({ key }) => {
      uploaded.push(key);
      if (uploaded.length === 2) both.resolve();
    });
    await browser.getByRole("button", { name: "Classify 2 again" }).click();
    await both.promise;
    await waitForCount(browser, "Classified", 4);
    assert.deepEqual(uploaded.sort(), ["barcode-1.png", "blank-1.jpg"]);
    await browser.getByRole("listbox").focus();
    await keyboard.press("Home");
    await keyboard.press(" ");
    await browser.getByRole("button", { name: "Delete 1", exact: true }).click();
    await waitForCount(browser, "All", 3);
    await browser.getByRole("button", { name: "Delete all" }).waitFor();
    await browser.getByRole("listbox").focus();
    await keyboard.press("ControlOrMeta+a");
    await browser.getByRole("button", { name: "3 picked ×" }).waitFor();
    await keyboard.press("Escape");
    await browser.getByRole("button", { name: "Classify all again" }).waitFor();
  });

  test("a click on the tick picks, with Shift up to there; a filter narrows what is picked", async (t) => {
    const { page } = await startLocal(t);
    const browser = await openWithPictures(t, page.url);
    await rowOf(browser, "barcode-1.png").hover();
    await rowOf(browser, "barcode-1.png").locator(".tick").click();
    await rowOf(browser, "icon-1.png").click({ modifiers: ["Shift"] });
    await browser.getByRole("button", { name: "3 picked ×" }).waitFor();
    const selected = browser.locator('.row[aria-selected="true"]:visible .key');
    assert.deepEqual((await selected.allInnerTexts()).sort(), ["barcode-1.png", "blank-1.jpg", "icon-1.png"]);
    assert.equal(await browser.getByRole("dialog").count(), 0);
    await browser.getByLabel("Filter by name").fill("icon");
    await browser.getByRole("button", { name: "Delete 1", exact: true }).waitFor();
  });
});

suite("the list", () => {
  test("is filtered by model and by time", async (t) => {
    const { stack, page } = await startLocal(t);
    const browser = await openWithPictures(t, page.url);
    stack.setModel(await writeConfusedModel(await makeTempDir(t)));
    const Body = await readFile(fixturePath("photo-2.jpg"));
    await stack.client.send(new PutObjectCommand({ Bucket: "uploads", Key: "later.jpg", Body }));
    await titleOf(browser, "later.jpg", "classified");
    await browser.getByLabel("Classified by").selectOption("confused");
    await rowOf(browser, "icon-1.png").waitFor({ state: "hidden" });
    assert.deepEqual(await browser.locator(".row:visible .key").allInnerTexts(), ["later.jpg"]);
    await browser.getByLabel("Classified by").selectOption("");
    await browser.clock.install();
    await browser.getByLabel("Uploaded").selectOption("5m");
    await rowOf(browser, "icon-1.png").waitFor();
    await browser.clock.setSystemTime(Date.now() + 6 * 60_000);
    await browser.getByLabel("Order").selectOption("newest");
    await browser.getByText("No picture passes the filters.").waitFor();
    await browser.getByLabel("Uploaded").selectOption("1h");
    await rowOf(browser, "icon-1.png").waitFor();
  });

  test("is a gallery too; view, filters and the open picture stand in the address", async (t) => {
    const { page } = await startLocal(t);
    const browser = await openWithPictures(t, page.url);
    await browser.getByRole("button", { name: "Gallery" }).click();
    const tile = rowOf(browser, "photo-1.jpg");
    // The row's small image stays until that of the tile is there.
    const image = tile.locator(".thumbnail.loaded img[src*='size=320']");
    await image.waitFor();
    const { width = 0, height = 0 } = (await image.boundingBox()) ?? {};
    assert.ok(width > 100 && height > 100, `${width} × ${height}`);
    const tops = await browser
      .locator(".row:visible")
      .evaluateAll((rows) => new Set(rows.map((row) => row.getBoundingClientRect().top)).size);
    assert.ok(tops < NAMES.length, "tiles stand beside each other");
    await browser.getByRole("listbox").focus();
    for (const key of ["Home", "ArrowRight", "Enter"]) await browser.keyboard.press(key);
    await browser.getByRole("dialog", { name: "blank-1.jpg" }).waitFor();
    await browser.waitForURL(/#order=label&view=gallery&picture=blank-1\.jpg$/);
    await browser.reload();
    await browser.getByRole("dialog", { name: "blank-1.jpg" }).locator(".predictions").waitFor();
    await browser.keyboard.press("Escape");
    await browser.getByRole("button", { name: "Gallery", pressed: true }).waitFor();
    await browser.waitForURL(/#order=label&view=gallery$/);
    await browser.goto(`${page.url}/#status=rejected`);
    await browser.getByRole("button", { name: "List", pressed: true }).waitFor();
    await browser.getByText("No picture passes the filters.").waitFor();
  });
});
