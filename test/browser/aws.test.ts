import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { openPage, textOf, titleOf } from "./browser.ts";
import { fixturePath, startLocal } from "./stack.ts";

const isInstalled = (process.env.PATH ?? "").split(delimiter).some((dir) => existsSync(join(dir, "aws")));

test("a picture copied with the AWS command line appears on the page", {
  skip: isInstalled ? false : "aws is not installed (apt-get install awscli)",
}, async (t) => {
  const { page } = await startLocal(t);
  const browser = await openPage(t, page.url);
  // The very command that the page shows.
  await browser.getByRole("button", { name: "Terminal" }).click();
  const command = await textOf(browser.locator(".commands pre").first());
  const [program = "", ...words] = command.replace("picture.jpg", fixturePath("photo-1.jpg")).split(" ");
  await promisify(execFile)(program, words, { env: { ...process.env, AWS_EC2_METADATA_DISABLED: "true" } });
  await titleOf(browser, "photo-1.jpg", "classified");
});
