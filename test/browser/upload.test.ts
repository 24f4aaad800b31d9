import assert from "node:assert/strict";
import { cp, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { suite, test } from "node:test";
import { dropFiles, openPage, rowOf, textOf, titleOf, waitForCount } from "./browser.ts";
import { fixturePath, makeTempDir, startLocal } from "./stack.ts";

suite("uploading", () => {
  test("three dropped pictures come back with their labels", async (t) => {
    const { stack, page } = await startLocal(t);
    const browser = await openPage(t, page.url);
    await browser.getByText("No pictures yet.").waitFor();
    const names = ["barcode-1.png", "photo-1.jpg", "screenshot-2.webp"];
    await dropFiles(browser, names.map(fixturePath));
    const labels = await Promise.all(names.map((name) => titleOf(browser, name, "classified")));
    assert.deepEqual(labels, ["barcode", "photo", "screenshot"]);
    for (const name of names) {
      const result = (await stack.readResult(name)) as { predictions: { label: string }[] };
      assert.equal(result.predictions[0]?.label, await textOf(rowOf(browser, name).locator(".title")));
      await rowOf(browser, name).locator(".thumbnail.loaded").waitFor();
    }
  });

  test("a broken picture comes back with its code and what the code means", async (t) => {
    const { page } = await startLocal(t);
    const browser = await openPage(t, page.url);
    const dir = await makeTempDir(t);
    await writeFile(join(dir, "torn.jpg"), Buffer.from("ffd8ffe000104a464946000101000001", "hex"));
    await writeFile(join(dir, "text.png"), "not a picture");
    await dropFiles(browser, [join(dir, "torn.jpg"), join(dir, "text.png")]);
    assert.equal(await titleOf(browser, "torn.jpg", "rejected"), "INVALID_IMAGE");
    assert.equal(await titleOf(browser, "text.png", "rejected"), "UNSUPPORTED_FORMAT");
    await rowOf(browser, "torn.jpg").locator(".thumbnail.broken").waitFor();
    assert.match(await textOf(rowOf(browser, "text.png").locator(".note")), /\w{3}/);
    await rowOf(browser, "torn.jpg").click();
    const rejection = browser.getByRole("dialog").locator(".rejection");
    assert.match(await textOf(rejection), /INVALID_IMAGE[\s\S]+not tried again/);
  });

  test("a dropped folder, a chosen folder, chosen files and a pasted picture arrive under their names", async (t) => {
    const { page } = await startLocal(t);
    const browser = await openPage(t, page.url, { permissions: ["clipboard-read", "clipboard-write"] });
    const dir = await makeTempDir(t);
    await mkdir(join(dir, "dropped/deeper"), { recursive: true });
    await mkdir(join(dir, "chosen"));
    await cp(fixturePath("blank-2.png"), join(dir, "dropped/deeper/grün & blau.png"));
    await cp(fixturePath("icon-1.png"), join(dir, "chosen/icon.png"));
    await dropFiles(browser, [join(dir, "dropped")]);
    assert.equal(await titleOf(browser, "dropped/deeper/grün & blau.png", "classified"), "blank");
    await browser.getByLabel("Folder").setInputFiles(join(dir, "chosen"));
    assert.equal(await titleOf(browser, "chosen/icon.png", "classified"), "icon");
    await browser.getByLabel("Choose pictures").setInputFiles(fixturePath("chart-1.png"));
    assert.equal(await titleOf(browser, "chart-1.png", "classified"), "chart");
    await browser.evaluate(async () => {
      const canvas = new OffscreenCanvas(64, 64);
      canvas.getContext("2d")?.fillRect(0, 0, 64, 64);
      const blob = await canvas.convertToBlob({ type: "image/png" });
      await navigator.clipboard.write([new ClipboardItem({ "image/png": blob })]);
    });
    await browser.keyboard.press("Control+V");
    await waitForCount(browser, "Classified", 4);
    assert.match(await textOf(browser.locator(".row .key").first()), /^pasted-.+\.png$/);
  });

  test("uploads that S3 does not take say so, and are taken up again on a click", async (t) => {
    const { page } = await startLocal(t);
    let isBroken = true;
    const browser = await openPage(t, page.url, {
      prepare: (context) =>
        context.route(/\/uploads\/photo-1\.jpg$/, (route) => {
          const headers = { "access-control-allow-origin": page.url };
          // A status that is no success, and that the browser does not log as an error.
          return isBroken ? route.fulfill({ status: 304, headers }) : route.continue();
        }),
    });
    await dropFiles(browser, [fixturePath("photo-1.jpg")]);
    assert.match(await titleOf(browser, "photo-1.jpg", "failed"), /Not uploaded: S3 answered 304/);
    isBroken = false;
    await rowOf(browser, "photo-1.jpg").click();
    assert.equal(await titleOf(browser, "photo-1.jpg", "classified"), "photo");
  });
});
