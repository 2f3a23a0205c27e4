import { existsSync } from "node:fs";
import { chromium, defineConfig } from "playwright/test";

/** Playwright's own build where it is installed, else the system's. */
export const chromiumPath = existsSync(chromium.executablePath())
  ? chromium.executablePath()
  : ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);

export default defineConfig({
  testDir: ".",
  testMatch: "**/*.spec.ts",
  timeout: 60_000,
  workers: 1,
  forbidOnly: true,
  // The report in JSON goes where `npm test` asks for it, and nowhere else.
  reporter: process.env.PLAYWRIGHT_JSON_OUTPUT_NAME === undefined ? "list" : [["list"], ["json"]],
  outputDir: "../../test-results/browser",
  use: {
    browserName: "chromium",
    launchOptions: {
      ...(chromiumPath === undefined ? {} : { executablePath: chromiumPath }),
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    },
  },
});
