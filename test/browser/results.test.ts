import assert from "node:assert/strict";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { suite, test } from "node:test";
import { dropFiles, openPage, rowOf, textOf, titleOf, waitForCount } from "./browser.ts";
import { fixturePath, MODEL_DIR, makeTempDir, picturePaths, startLocal } from "./stack.ts";

suite("results", () => {
  test("the detail view shows predictions, stages, the result object and the EMF line", async (t) => {
    const { stack, page } = await startLocal(t);
    const browser = await openPage(t, page.url);
    await dropFiles(browser, [fixturePath("document-1.png")]);
    await titleOf(browser, "document-1.png", "classified");
    await rowOf(browser, "document-1.png").click();
    const detail = browser.getByRole("dialog");
    const stored = (await stack.readResult("document-1.png")) as { predictions: { label: string }[] };
    await detail.locator(".predictions li").first().waitFor();
    const labels = await detail.locator(".predictions .name").allInnerTexts();
    assert.deepEqual(
      labels,
      stored.predictions.map(({ label }) => label),
    );
    const stages = await detail.locator(".stage-legend .name").allInnerTexts();
    assert.deepEqual(stages, ["fetch", "decode", "normalize", "infer", "rank"]);
    await detail.getByText("Result object", { exact: true }).click();
    assert.deepEqual(JSON.parse(await textOf(detail.locator("details[open] pre"))), stored);
    await detail.getByText("Result object", { exact: true }).click();
    await detail.getByText("EMF lines of its invocation").click();
    const [line = "", ofLabel = ""] = (await textOf(detail.locator("details[open] pre"))).split("\n\n");
    const emf = JSON.parse(line);
    assert.equal(JSON.parse(ofLabel).label, "document");
    assert.equal(emf._aws.CloudWatchMetrics[0].Namespace, "GravitonImageClassifier");
    const href = await detail.getByRole("link", { name: "Open the result object" }).getAttribute("href");
    assert.deepEqual(await (await fetch(href ?? "")).json(), stored);
  });

  test("the list is filtered by status, label and text", async (t) => {
    const { page } = await startLocal(t);
    const browser = await openPage(t, page.url);
    const names = ["barcode-1.png", "barcode-2.jpg", "icon-1.png"];
    await dropFiles(browser, [...names.map(fixturePath), fixturePath("README.md")]);
    await waitForCount(browser, "Classified", 3);
    await waitForCount(browser, "Rejected", 1);
    const status = browser.getByRole("group", { name: "Status" });
    const shown = () => browser.locator(".row:visible .key").allInnerTexts();
    await status.getByRole("button", { name: "Rejected" }).click();
    await rowOf(browser, "icon-1.png").waitFor({ state: "hidden" });
    assert.deepEqual(await shown(), ["README.md"]);
    await status.getByRole("button", { name: "All" }).click();
    await browser.getByLabel("Label", { exact: true }).selectOption("barcode");
    await rowOf(browser, "icon-1.png").waitFor({ state: "hidden" });
    assert.deepEqual((await shown()).sort(), ["barcode-1.png", "barcode-2.jpg"]);
    await browser.getByLabel("Filter by name").fill("-2");
    await rowOf(browser, "barcode-1.png").waitFor({ state: "hidden" });
    assert.deepEqual(await shown(), ["barcode-2.jpg"]);
    await browser.getByLabel("Filter by name").fill("nothing has this name");
    await browser.getByRole("button", { name: "Clear the filters" }).click();
    await rowOf(browser, "icon-1.png").waitFor();
  });

  test("another model and another concurrency are chosen, and all pictures classified again", async (t) => {
    const modelDir = join(await makeTempDir(t), "triage-copy");
    await cp(MODEL_DIR, modelDir, { recursive: true, filter: (path) => !path.includes("training") });
    const { stack, page } = await startLocal(t, { modelDir });
    const browser = await openPage(t, page.url);
    const paths = (await picturePaths()).slice(0, 4);
    await dropFiles(browser, paths);
    await waitForCount(browser, "Classified", 4);
    await browser.getByLabel("Model", { exact: true }).selectOption("upload-triage");
    await browser.getByLabel("Concurrency", { exact: true }).fill("1");
    await browser.getByLabel("Concurrency", { exact: true }).press("Enter");
    await browser.getByRole("heading", { name: "graviton-image-classifier: upload-triage" }).waitFor();
    await browser.getByRole("button", { name: "Classify all again" }).click();
    await waitForCount(browser, "Waiting", 4);
    await waitForCount(browser, "Classified", 4);
    assert.equal(stack.concurrency, 1);
    const result = (await stack.readResult("barcode-1.png")) as { model: { name: string } };
    assert.equal(result.model.name, "upload-triage");
  });
});
