import { existsSync } from "node:fs";
import puppeteer, { type Browser } from "puppeteer-core";

const path = ["/usr/bin/firefox-esr", "/usr/bin/firefox"].find(existsSync);

/**
 * Why Firefox's tests are left out, or undefined when they run. Under `CI=true` they always run, and fail where it is
 * missing.
 */
export const withoutFirefox =
  path === undefined && process.env.CI !== "true"
    ? "Firefox is missing: apt-get install firefox-esr"
    : undefined;

/**
 * The system's Firefox by WebDriver BiDi: Playwright drives only a build of its own, which is not everywhere.
 * `preferences` are those of `about:config`.
 */
export function launchFirefox(preferences: Record<string, unknown> = {}): Promise<Browser> {
  return puppeteer.launch({
    browser: "firefox",
    executablePath: path ?? "firefox-esr",
    headless: true,
    extraPrefsFirefox: preferences,
  });
}
