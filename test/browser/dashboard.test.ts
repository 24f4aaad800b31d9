import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { suite, test } from "node:test";
import { PutObjectCommand } from "@aws-sdk/client-s3";
import type { DashboardView } from "../../src/local/page/api.ts";
import { dropFiles, openPage, textOf, waitForCount } from "./browser.ts";
import { firstEvents, tell } from "./first-events.ts";
import { inkOf, sum } from "./ink.ts";
import { picturePaths, startLocal } from "./stack.ts";

/** Tall enough for every widget to be in view: what is out of sight is not painted. */
const TALL = { viewport: { width: 1440, height: 2400 } };

suite("dashboard", () => {
  test("every widget of template.yaml draws with data", async (t) => {
    const { page, stack } = await startLocal(t);
    const browser = await openPage(t, page.url, TALL);
    const paths = await picturePaths();
    await dropFiles(browser, [...paths, import.meta.filename]);
    // The cost of an image is shown from twenty in a period on.
    const Body = await readFile(paths[0] ?? "");
    for (let more = 0; more < 100; more++) {
      await stack.client.send(new PutObjectCommand({ Bucket: "uploads", Key: `more/${more}.png`, Body }));
    }
    const count = paths.length + 100;
    await waitForCount(browser, "Classified", count);
    const undrawable = await browser.locator('.widget[data-kind="undrawable"]').allInnerTexts();
    assert.deepEqual(undrawable, [], "widgets that the page cannot draw");
    const template = await snapshot(page.url);
    const titles = await browser.locator(".widget h3").allInnerTexts();
    for (const { title } of template.widgets) assert.ok(titles.includes(title), `no widget "${title}"`);
    await browser.waitForFunction(() => document.querySelectorAll(".widget .no-data").length === 0);
    for (const { id, title, kind } of template.widgets) {
      if (kind === "timeSeries")
        assert.ok(sum(await inkOf(browser, id)) > 0, `"${title}" is an empty canvas`);
      if (kind !== "singleValue") continue;
      const numbers = await browser.locator(`#${id} .big`).allInnerTexts();
      assert.ok(numbers.length > 0 && !numbers.includes("–"), `"${title}" shows ${numbers}`);
    }
  });

  test("alarms stand in the charts with their thresholds and in their widget with their state", async (t) => {
    const { page } = await startLocal(t);
    const browser = await openPage(t, page.url, TALL);
    const { widgets, alarms } = await snapshot(page.url);
    const lines = widgets.flatMap((widget) => (widget.kind === "timeSeries" ? widget.lines : []));
    assert.ok(lines.filter(({ alarm }) => alarm !== null).length >= 3);
    for (const { alarm } of lines) {
      if (alarm === null) continue;
      await browser
        .locator(".threshold", { hasText: `${alarm.name} ${alarm.comparison}` })
        .first()
        .waitFor();
    }
    const listed = await browser.locator(".alarms strong").allInnerTexts();
    assert.ok(listed.length > 0);
    for (const name of listed)
      assert.ok(
        alarms.some((alarm) => alarm.name === name),
        name,
      );
  });

  test("alarms, their summary and every legend stand whole within the dashboard", async (t) => {
    const { page } = await startLocal(t);
    const browser = await openPage(t, page.url, TALL);
    await browser.locator(".alarms li").first().waitFor();
    for (const width of [1440, 1024]) {
      await browser.setViewportSize({ width, height: 2400 });
      const summary = browser.locator(".alarm-summary");
      assert.equal(await textOf(summary), "10 alarms, none rings");
      const cut = await summary.evaluate((element) => element.scrollWidth > element.clientWidth);
      assert.equal(cut, false, `the summary is cut at ${width} px`);
      const below = await browser.locator("#dashboard").evaluate((dashboard) => {
        const { bottom } = dashboard.getBoundingClientRect();
        return [...dashboard.querySelectorAll("li, .widget")]
          .filter((element) => element.getBoundingClientRect().bottom > bottom)
          .map(({ textContent }) => textContent);
      });
      assert.deepEqual(below, [], `${width} px`);
    }
  });

  test("attempts that failed are called attempts, not pictures", async (t) => {
    const { page } = await startLocal(t);
    const { widgets } = await snapshot(page.url);
    const labels = widgets
      .flatMap((widget) => ("series" in widget ? widget.series : []))
      .map(({ label }) => label);
    assert.ok(labels.includes("failed attempts"));
    assert.ok(!labels.includes("failed"), labels.join());
  });

  test("the clock runs as deployed when asked to", async (t) => {
    const { page } = await startLocal(t);
    const browser = await openPage(t, page.url, TALL);
    const period = browser
      .locator(".widget", { hasText: "One picture, fetch to publish" })
      .locator(".period");
    await period.filter({ hasText: "5 s" }).waitFor();
    const pace = browser.locator(".panel-head .quiet");
    await pace.filter({ hasText: "a minute takes 5 s, for alarms too" }).waitFor();
    await browser.getByRole("button", { name: "As deployed" }).click();
    await pace.filter({ hasText: /^as deployed$/ }).waitFor();
    await period.filter({ hasText: "1 min" }).waitFor();
    await browser.getByRole("button", { name: "As deployed", pressed: true }).waitFor();
  });

  test("a widget that cannot be drawn says so by its name and its reason", async (t) => {
    const { page } = await startLocal(t);
    const events = await firstEvents(page.url);
    const odd = {
      ...{ id: "widget-99", title: "Slices of a pie", x: 0, y: 60, width: 8, height: 6 },
      ...{ kind: "undrawable", reason: 'the view "pie" is drawn by CloudWatch only' },
    };
    const view = JSON.parse(events.get("dashboard") ?? "") as DashboardView;
    events.set("dashboard", JSON.stringify({ ...view, widgets: [...view.widgets, odd] }));
    const browser = await openPage(t, page.url, { ...TALL, prepare: (context) => tell(context, events) });
    const widget = browser.locator('.widget[data-kind="undrawable"]');
    await widget.waitFor();
    assert.match(await textOf(widget), /Slices of a pie[\s\S]*Not drawn here: the view "pie"/);
  });
});

async function snapshot(url: string): Promise<DashboardView> {
  return JSON.parse((await firstEvents(url)).get("dashboard") ?? "");
}
