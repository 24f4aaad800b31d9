import assert from "node:assert/strict";
import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { suite, test } from "node:test";
import { DeleteObjectCommand } from "@aws-sdk/client-s3";
import { unzipSync } from "fflate";
import type { Download, Page } from "playwright-core";
import { startPage } from "../../src/local/page/server.ts";
import { atEnd } from "./at-end.ts";
import { dropFiles, openPage, rowOf, textOf, titleOf, waitForCount } from "./browser.ts";
import { fixturePath, makeTempDir, startLocal } from "./stack.ts";

suite("working with the list", () => {
  test("sorted by score, filtered by it, kept in the address, and exported as it is shown", async (t) => {
    const { page } = await startLocal(t);
    const browser = await openPage(t, page.url);
    const names = ["barcode-1.png", "icon-1.png", "photo-1.jpg"];
    await dropFiles(browser, names.map(fixturePath));
    await waitForCount(browser, "Classified", 3);
    await browser.getByLabel("Order").selectOption("sure");
    const lines = (await downloadedText(browser, "JSON Lines")).trim().split("\n");
    const scores = lines.map((line) => (JSON.parse(line) as { score: number }).score);
    assert.deepEqual(
      scores,
      scores.toSorted((a, b) => b - a),
    );
    await browser.getByLabel("Filter by name").fill("icon");
    await rowOf(browser, "photo-1.jpg").waitFor({ state: "hidden" });
    const csv = (await downloadedText(browser, "CSV")).trim().split("\r\n");
    assert.equal(csv[0], "key,status,label,score,code,model,ms,corrected");
    assert.match(csv[1] ?? "", /^icon-1\.png,classified,icon,[\d.]+,,upload-triage,[\d.]+,$/);
    assert.equal(csv.length, 2);
    assert.equal(new URL(browser.url()).hash, "#order=sure&text=icon");
    await browser.reload();
    await rowOf(browser, "icon-1.png").waitFor();
    assert.equal(await browser.getByLabel("Order").inputValue(), "sure");
    await rowOf(browser, "photo-1.jpg").waitFor({ state: "hidden" });
    await browser.getByLabel("Filter by name").fill("");
    await browser.getByLabel("Score", { exact: true }).selectOption("from-0.9");
    const shown = (await downloadedText(browser, "JSON Lines")).trim().split("\n").filter(Boolean);
    assert.equal(shown.length, scores.filter((score) => score >= 0.9).length);
  });

  test("only what is shown is classified again, in its place; only what is shown is deleted", async (t) => {
    const { stack, page } = await startLocal(t);
    const browser = await openPage(t, page.url);
    for (const name of ["barcode-1.png", "icon-1.png", "photo-1.jpg"]) {
      await dropFiles(browser, [fixturePath(name)]);
      await titleOf(browser, name, "classified");
    }
    const keys = () => browser.locator(".row:visible .key").allInnerTexts();
    const uploaded: string[] = [];
    stack.events.on("upload", ({ key }) => uploaded.push(key));
    await browser.getByLabel("Filter by name").fill("icon");
    const again = new Promise((resolve) => stack.events.once("result", resolve));
    await browser.getByRole("button", { name: "Classify 1 again" }).click();
    await again;
    await browser.getByLabel("Filter by name").fill("");
    await titleOf(browser, "icon-1.png", "classified");
    assert.deepEqual(uploaded, ["icon-1.png"]);
    const order = async () => (await sortByPlace(browser)).join();
    assert.equal(await order(), "photo-1.jpg,icon-1.png,barcode-1.png");
    await browser.getByLabel("Filter by name").fill("icon");
    await browser.getByRole("button", { name: "Delete 1", exact: true }).click();
    await browser.getByLabel("Filter by name").fill("");
    await waitForCount(browser, "All", 2);
    await assert.rejects(stack.readResult("icon-1.png"), {
      message: "expected a result of icon-1.png, found none",
    });
    // Whoever deletes an upload: its row goes.
    await stack.client.send(new DeleteObjectCommand({ Bucket: "uploads", Key: "photo-1.jpg" }));
    await waitForCount(browser, "All", 1);
    assert.deepEqual(await keys(), ["barcode-1.png"]);
  });

  test("a label is put right with a key, counted, kept over restarts, and taken away as an ImageFolder", async (t) => {
    const { stack, page } = await startLocal(t);
    const browser = await openPage(t, page.url);
    await dropFiles(browser, ["icon-1.png", "photo-1.jpg"].map(fixturePath));
    await waitForCount(browser, "Classified", 2);
    const put = async (key: string, label: string) => {
      await rowOf(browser, key).click();
      await browser.getByLabel("Right label").waitFor();
      await browser.keyboard.press("c");
      await browser.keyboard.type(label);
      await browser.keyboard.press("Enter");
      await browser.getByText(/^(Confirmed|Corrected)/).waitFor();
      await browser.keyboard.press("Escape");
    };
    await put("icon-1.png", "chart");
    await put("photo-1.jpg", "photo");
    const summary = "2 corrected or confirmed, the model was right on 50 %: chart 0 of 1, photo 1 of 1";
    await browser.getByText(summary).waitFor();
    assert.equal(await titleOf(browser, "icon-1.png", "classified"), "chart ✎");
    // Another page on the same buckets reads them anew, as after a restart.
    const later = await startPage({ stack });
    atEnd(t, () => later.close());
    await browser.goto(later.url);
    await browser.getByText(summary).waitFor();
    const zip = await download(browser, () => browser.getByText("Download as ImageFolder").click());
    const files = unzipSync(await readFile(await zip.path()));
    assert.deepEqual(Object.keys(files).sort(), [
      "images/chart/icon-1.png",
      "images/photo/photo-1.jpg",
      "list.tsv",
    ]);
    assert.deepEqual(
      Buffer.from(files["images/chart/icon-1.png"] ?? []),
      await readFile(fixturePath("icon-1.png")),
    );
    const list = new TextDecoder().decode(files["list.tsv"]);
    assert.equal(list, "file\tlabel\nchart/icon-1.png\tchart\nphoto/photo-1.jpg\tphoto\n");
  });

  test("results of another model are marked, and can be classified again", async (t) => {
    const { stack, page } = await startLocal(t);
    const dir = join(await makeTempDir(t), "other-model");
    await cp(stack.modelDir, dir, { recursive: true });
    const browser = await openPage(t, page.url);
    await dropFiles(browser, [fixturePath("icon-1.png")]);
    await titleOf(browser, "icon-1.png", "classified");
    assert.equal(await browser.locator(".row.other-model").count(), 0);
    stack.setModel(dir);
    await dropFiles(browser, [fixturePath("photo-1.jpg")]);
    await browser.locator(".row.other-model", { hasText: "icon-1.png" }).waitFor();
    await browser.getByRole("button", { name: "Classify 1 of another model again" }).waitFor();
  });
});

suite("uploading without losing anything", () => {
  test("a taken name replaces nothing, and what is no image stays out of a folder's upload", async (t) => {
    const { page } = await startLocal(t);
    const browser = await openPage(t, page.url);
    const dir = await makeTempDir(t);
    await mkdir(join(dir, "trip"));
    await cp(fixturePath("photo-1.jpg"), join(dir, "IMG_0001.jpg"));
    await cp(fixturePath("photo-1.jpg"), join(dir, "trip/IMG_0001.jpg"));
    await writeFile(join(dir, "trip/.DS_Store"), "x");
    await writeFile(join(dir, "trip/notes.txt"), "x");
    await dropFiles(browser, [join(dir, "IMG_0001.jpg")]);
    await titleOf(browser, "IMG_0001.jpg", "classified");
    await dropFiles(browser, [join(dir, "IMG_0001.jpg"), join(dir, "trip")]);
    await titleOf(browser, "IMG_0001-2.jpg", "classified");
    await titleOf(browser, "trip/IMG_0001.jpg", "classified");
    await browser.getByText("2 files that are no images were left out. 1 name was taken").waitFor();
    await waitForCount(browser, "All", 3);
  });

  test("a reload asks first, and what failed is sent when the server is back", async (t) => {
    const { stack, page } = await startLocal(t);
    const port = Number(new URL(page.url).port);
    let isBroken = true;
    const browser = await openPage(t, page.url, {
      provokes: /ERR_CONNECTION_REFUSED|ERR_INCOMPLETE|ERR_EMPTY/,
      prepare: (context) =>
        context.route(/\/uploads\/photo-\d\.jpg$/, (route) => {
          const headers = { "access-control-allow-origin": page.url };
          return isBroken ? route.fulfill({ status: 304, headers }) : route.continue();
        }),
    });
    await dropFiles(browser, ["photo-1.jpg", "photo-2.jpg"].map(fixturePath));
    await titleOf(browser, "photo-1.jpg", "failed");
    // A browser asks before it leaves when this event is prevented.
    const leaves = () =>
      browser.evaluate(() => window.dispatchEvent(new Event("beforeunload", { cancelable: true })));
    assert.equal(await leaves(), false);
    await browser.getByRole("button", { name: "Retry all 2" }).click();
    await titleOf(browser, "photo-2.jpg", "failed");
    isBroken = false;
    await page.close();
    await browser.getByText("Not connected").waitFor();
    assert.equal(await browser.locator("#flow").evaluate((element: HTMLElement) => element.inert), true);
    assert.equal(await browser.getByRole("button", { name: "Delete all" }).isDisabled(), true);
    const again = await startPage({ stack, port });
    atEnd(t, () => again.close());
    await titleOf(browser, "photo-1.jpg", "classified");
    await titleOf(browser, "photo-2.jpg", "classified");
    assert.equal(await leaves(), true);
  });
});

suite("appearance", () => {
  test("the detail sheet stays within its panel when the result object is open", async (t) => {
    const { page } = await startLocal(t);
    const browser = await openPage(t, page.url);
    await dropFiles(browser, [fixturePath("icon-1.png")]);
    await titleOf(browser, "icon-1.png", "classified");
    await rowOf(browser, "icon-1.png").click();
    await browser.getByText("Result object", { exact: true }).click();
    const [scroll, client] = await browser
      .locator("dialog.detail")
      .evaluate((element) => [element.scrollWidth, element.clientWidth]);
    assert.equal(scroll, client);
  });

  test("on a phone the dashboard is a few widgets high, and the page no wider than the phone", async (t) => {
    const { page } = await startLocal(t);
    const browser = await openPage(t, page.url, { viewport: { width: 390, height: 844 } });
    await browser.waitForTimeout(1_500);
    const height = await browser.locator("#dashboard").evaluate((element) => element.clientHeight);
    assert.ok(height < 1_200, `${height} px`);
    assert.equal(await browser.evaluate(() => document.documentElement.scrollWidth), 390);
    assert.match(await textOf(browser.locator("#flow h3").first()), /^Uploads bucket$/);
  });
});

async function sortByPlace(browser: Page): Promise<string[]> {
  return browser
    .locator(".row:visible")
    .evaluateAll((rows) =>
      rows
        .sort((a, b) => a.getBoundingClientRect().top - b.getBoundingClientRect().top)
        .map((row) => row.querySelector(".key")?.textContent ?? ""),
    );
}

async function download(browser: Page, click: () => Promise<void>): Promise<Download> {
  const [file] = await Promise.all([browser.waitForEvent("download"), click()]);
  return file;
}

async function downloadedText(browser: Page, name: string): Promise<string> {
  const file = await download(browser, () => browser.getByRole("button", { name, exact: true }).click());
  return readFile(await file.path(), "utf8");
}
