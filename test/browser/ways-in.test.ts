import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { copyFile, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { suite, test } from "node:test";
import { promisify } from "node:util";
import { atEnd } from "./at-end.ts";
import { openPage, textOf, titleOf, waitForCount } from "./browser.ts";
import { fixturePath, makeTempDir, startLocal } from "./stack.ts";

suite("ways in", () => {
  test("an address is typed or pasted; what is no image is told", async (t) => {
    const photo = await readFile(fixturePath("photo-1.jpg"));
    const web = createServer((request, response) => {
      const isImage = request.url?.startsWith("/holiday/") === true;
      response.writeHead(200, { "content-type": isImage ? "image/jpeg" : "text/html" });
      response.end(isImage ? photo : "<p>hello</p>");
    });
    await new Promise<void>((resolve) => web.listen(0, "127.0.0.1", resolve));
    atEnd(t, () => web.close());
    const origin = `http://127.0.0.1:${(web.address() as AddressInfo).port}`;
    const { page } = await startLocal(t);
    const browser = await openPage(t, page.url, { provokes: /status of 409/ });
    await browser.getByRole("button", { name: "Address" }).click();
    const field = browser.getByLabel("Address of an image");
    await field.fill(`${origin}/holiday/beach.jpg?w=900`);
    await field.press("Enter");
    assert.equal(await titleOf(browser, "beach.jpg", "classified"), "photo");
    await field.waitFor({ state: "hidden" });
    await browser.evaluate((text) => {
      const clipboardData = new DataTransfer();
      clipboardData.setData("text/plain", text);
      window.dispatchEvent(new ClipboardEvent("paste", { clipboardData }));
    }, `${origin}/holiday/beach.jpg`);
    await titleOf(browser, "beach-2.jpg", "classified");
    await browser.getByRole("button", { name: "Address" }).click();
    await field.fill(`${origin}/index.html`);
    await field.press("Enter");
    await browser.getByRole("alert").filter({ hasText: "expected an image, 127.0.0.1" }).waitFor();
    await waitForCount(browser, "All", 2);
  });

  test("the camera takes pictures, and is off when its dialog is closed", async (t) => {
    const { page } = await startLocal(t);
    const browser = await openPage(t, page.url, { permissions: ["camera"] });
    await browser.getByRole("button", { name: "Camera" }).click();
    const dialog = browser.getByRole("dialog", { name: "Camera" });
    await browser.waitForFunction(() => (document.querySelector("video")?.videoWidth ?? 0) > 0);
    await dialog.getByRole("button", { name: "Take a picture" }).click();
    await waitForCount(browser, "Classified", 1);
    await dialog.getByRole("button", { name: "Close" }).click();
    assert.equal(
      await browser.locator("video").evaluate((video) => (video as HTMLVideoElement).srcObject),
      null,
    );
  });

  test("a picture is pasted", async (t) => {
    const { page } = await startLocal(t);
    const browser = await openPage(t, page.url);
    const base64 = (await readFile(fixturePath("icon-1.png"))).toString("base64");
    await browser.evaluate((data) => {
      const bytes = Uint8Array.from(atob(data), (character) => character.charCodeAt(0));
      const clipboardData = new DataTransfer();
      clipboardData.items.add(new File([bytes], "image.png", { type: "image/png" }));
      window.dispatchEvent(new ClipboardEvent("paste", { clipboardData }));
    }, base64);
    await waitForCount(browser, "Classified", 1);
    assert.match(await textOf(browser.locator(".row .key").first()), /^pasted-.*\.png$/);
  });

  test("the commands that the page shows upload a picture, by curl and by the SDK", async (t) => {
    const { page } = await startLocal(t);
    const browser = await openPage(t, page.url);
    await browser.getByRole("button", { name: "Terminal" }).click();
    const texts = await browser.locator(".commands pre").allInnerTexts();
    const [aws = "", curl = "", sdk = ""] = texts;
    assert.match(
      aws,
      /^aws --endpoint-url http:\/\/127\.0\.0\.1:\d+ --no-sign-request s3 cp picture\.jpg s3:\/\/uploads\/$/,
    );
    const dir = await makeTempDir(t);
    await copyFile(fixturePath("photo-1.jpg"), join(dir, "picture.jpg"));
    await promisify(execFile)("sh", ["-c", curl], { cwd: dir });
    await titleOf(browser, "picture.jpg", "classified");
    const root = join(import.meta.dirname, "../..");
    const script = sdk
      .replace('Key: "picture.jpg"', 'Key: "by-sdk.jpg"')
      .replace("@aws-sdk/client-s3", join(root, "node_modules/@aws-sdk/client-s3/dist-cjs/index.js"));
    await writeFile(join(dir, "upload.mjs"), script);
    await promisify(execFile)(process.execPath, ["upload.mjs"], { cwd: dir });
    await titleOf(browser, "by-sdk.jpg", "classified");
  });
});
