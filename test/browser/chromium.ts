import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";

const PATHS = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  // A camera that shows a moving test pattern.
  "--use-fake-device-for-media-stream",
];

/** Starts the system's Chromium, headless, with a fresh profile; installs it where that is possible. */
export async function launchChromium(): Promise<Browser> {
  return chromium.launch({ executablePath: findChromium(), headless: true, args: FLAGS });
}

function findChromium(): string {
  const found = process.env.CHROMIUM ?? PATHS.find((path) => existsSync(path));
  if (found !== undefined) return found;
  if (process.getuid?.() !== 0 || !existsSync("/usr/bin/apt-get")) {
    throw new Error(
      `Chromium is needed and is not at ${PATHS.join(", ")}. Install it (apt-get install chromium), or name it in CHROMIUM.`,
    );
  }
  const install = ["install", "--yes", "--no-install-recommends", "chromium"];
  try {
    execFileSync("apt-get", install, { stdio: "inherit" });
  } catch {
    // The list of packages may be missing or old.
    execFileSync("apt-get", ["update"], { stdio: "inherit" });
    execFileSync("apt-get", install, { stdio: "inherit" });
  }
  return findChromium();
}
