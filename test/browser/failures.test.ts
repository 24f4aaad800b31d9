import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { dropFiles, openPage, textOf, waitForCount } from "./browser.ts";
import { picturePaths, startLocal } from "./stack.ts";

suite("breaking things on purpose", () => {
  test("while S3 answers 503 failures rise; mended and redriven, every picture is classified", async (t) => {
    const { stack, page } = await startLocal(t);
    const browser = await openPage(t, page.url);
    const breaker = browser.getByRole("button", { name: "S3 answers 503" });
    await breaker.click();
    await browser.getByRole("button", { name: "S3 answers 503", pressed: true }).waitFor();
    const paths = (await picturePaths()).slice(0, 6);
    await dropFiles(browser, paths);
    const dead = browser.locator(".node.dead");
    await dead.filter({ hasText: /6\s*given up/ }).waitFor();
    const failed = browser.locator(".single", { has: browser.getByText("failed attempts", { exact: true }) });
    await failed.locator(".big", { hasText: /^[1-9]/ }).waitFor();
    await browser.locator(".alarm-summary", { hasText: "DeadLetter" }).waitFor();
    await browser.getByRole("button", { name: "Why?" }).click();
    const letters = browser.getByRole("dialog", { name: "Why they were given up" });
    assert.match(await textOf(letters), /barcode-1\.png[\s\S]*FETCH_FAILED/);
    await letters.getByRole("button", { name: "Close" }).click();
    await breaker.click();
    await browser.getByRole("button", { name: "S3 answers 503", pressed: false }).waitFor();
    await dead.getByRole("button", { name: "Redrive" }).click();
    await waitForCount(browser, "Classified", 6);
    await dead.filter({ hasText: /0\s*given up/ }).waitFor();
    assert.equal(stack.queueCounts().dead, 0);
  });

  test("a killed environment loses no picture, and the next one starts cold", async (t) => {
    const { page } = await startLocal(t, { concurrency: 1 });
    const browser = await openPage(t, page.url);
    const paths = await picturePaths();
    await dropFiles(browser, paths.slice(0, 2));
    await waitForCount(browser, "Classified", 2);
    await browser.getByRole("button", { name: "S3 is slow" }).click();
    await browser.getByRole("button", { name: "S3 is slow", pressed: true }).waitFor();
    await dropFiles(browser, paths.slice(2));
    await browser.locator('.environments [data-state="busy"]').waitFor();
    await browser.getByRole("button", { name: "Kill an environment" }).click();
    await browser.locator('.environments [data-state="dead"]', { hasText: "killed" }).waitFor();
    await browser.getByRole("button", { name: "S3 is slow" }).click();
    await waitForCount(browser, "Classified", paths.length);
    await browser.locator(".node", { hasText: "2 cold starts" }).waitFor();
  });

  test("poison pictures are rejected with their codes and fail none of their neighbours", async (t) => {
    const { stack, page } = await startLocal(t);
    const browser = await openPage(t, page.url);
    await browser.getByRole("button", { name: "Upload poison" }).click();
    await dropFiles(browser, (await picturePaths()).slice(0, 3));
    await waitForCount(browser, "Rejected", 3);
    await waitForCount(browser, "Classified", 3);
    const codes = await browser.locator('.row[data-status="rejected"] .title').allInnerTexts();
    assert.deepEqual(codes.sort(), ["IMAGE_TOO_LARGE", "INVALID_IMAGE", "UNSUPPORTED_FORMAT"]);
    assert.equal(stack.queueCounts().dead, 0);
  });

  test("an action that cannot be done says why, until it is closed", async (t) => {
    const { page } = await startLocal(t);
    const browser = await openPage(t, page.url, { provokes: /status of 409/ });
    assert.equal(await browser.getByRole("button", { name: "Redrive" }).isDisabled(), true);
    await browser.getByRole("button", { name: "Kill an environment" }).click();
    const alert = browser.getByRole("alert").filter({ hasText: "no environment is alive" });
    await alert.waitFor();
    await alert.getByRole("button", { name: "Close message" }).click();
    await alert.waitFor({ state: "detached" });
  });
});
