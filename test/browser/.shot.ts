import { launchChromium } from "/work/main/test/browser/chromium.ts";
const [url, out, width = "1440", height = "900", scheme = "light", script = ""] = process.argv.slice(2);
const browser = await launchChromium();
const page = await browser.newPage({ viewport: { width: Number(width), height: Number(height) }, colorScheme: scheme as "light" });
page.on("console", (m) => console.log("console:", m.text()));
page.on("pageerror", (e) => console.log("pageerror:", e.message));
await page.goto(url ?? "");
await page.waitForTimeout(2500);
if (script !== "") { await eval(`(async () => { ${script} })()`); await page.waitForTimeout(900); }
await page.screenshot({ path: out ?? "", fullPage: process.env.FULL === "1" });
await browser.close();
