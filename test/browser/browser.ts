import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import type { BrowserContext, BrowserContextOptions, Locator, Page } from "playwright-core";
import { atEnd } from "./at-end.ts";
import { launchChromium } from "./chromium.ts";

/** A busy machine takes its time; nothing here is about speed but load.test.ts. */
export const PATIENCE_MS = 90_000;

export interface OpenOptions extends BrowserContextOptions {
  /** Runs in the page before its own scripts. */
  readonly initScript?: string;
  readonly prepare?: (context: BrowserContext) => Promise<unknown>;
  /** Console errors that the test provokes: a browser logs every refused request as one. */
  readonly provokes?: RegExp;
}

/**
 * Opens the page in a fresh browser. When the test ends, nothing may have been written to the console as an error,
 * no script may have failed, and no request may have gone anywhere but 127.0.0.1.
 */
export async function openPage(test: TestContext, url: string, options: OpenOptions = {}): Promise<Page> {
  const { initScript, prepare, provokes, ...contextOptions } = options;
  const browser = await launchChromium();
  const problems: string[] = [];
  atEnd(test, async () => {
    await browser.close();
    assert.deepEqual(problems, []);
  });
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...contextOptions });
  context.setDefaultTimeout(PATIENCE_MS);
  context.on("request", (request) => {
    const { protocol, hostname } = new URL(request.url());
    const isLocal = hostname === "127.0.0.1" || protocol === "blob:" || protocol === "data:";
    if (!isLocal) problems.push(`request to ${request.url()}`);
  });
  if (initScript !== undefined) await context.addInitScript(initScript);
  await prepare?.(context);
  const page = await context.newPage();
  page.on("console", (message) => {
    if (!["error", "warning"].includes(message.type()) || provokes?.test(message.text())) return;
    problems.push(`${message.type()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => problems.push(`exception: ${error.message}`));
  // "Are you sure?" is answered with yes.
  page.on("dialog", (dialog) => dialog.accept());
  await page.goto(url);
  // The first events of the server have been drawn.
  await page.locator("#model option").first().waitFor({ state: "attached" });
  await page.locator(".widget").first().waitFor();
  return page;
}

/** Drops files and folders of this machine, as a file manager does. */
export async function dropFiles(page: Page, paths: readonly string[]): Promise<void> {
  const session = await page.context().newCDPSession(page);
  const data = { items: [], files: [...paths], dragOperationsMask: 1 };
  for (const type of ["dragEnter", "dragOver", "drop"] as const) {
    await session.send("Input.dispatchDragEvent", { type, x: 700, y: 400, data });
  }
  await session.detach();
}

/** The row of a picture in the list. */
export function rowOf(page: Page, key: string): Locator {
  const name = page.locator(".key", { hasText: new RegExp(`^${escapeText(key)}$`) });
  // Rows out of sight are kept for later, with what they showed last.
  return page.locator(".row", { has: name }).filter({ visible: true });
}

/** Waits until the row of a picture has this status. @returns its title: a label, a code, or words */
export async function titleOf(page: Page, key: string, status: string): Promise<string> {
  const row = rowOf(page, key).and(page.locator(`[data-status="${status}"]`));
  await row.waitFor();
  return textOf(row.locator(".title"));
}

export async function textOf(locator: Locator): Promise<string> {
  return (await locator.textContent()) ?? "";
}

/** Waits until the button of a status shows this number. */
export async function waitForCount(
  page: Page,
  status: string,
  count: number,
  timeout = PATIENCE_MS,
): Promise<void> {
  const text = new Intl.NumberFormat("en").format(count);
  const button = page.getByRole("group", { name: "Status" }).getByRole("button", { name: status });
  await button.filter({ hasText: new RegExp(`^${status} ${text}$`) }).waitFor({ timeout });
}

function escapeText(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
