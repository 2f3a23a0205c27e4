// `npm test`: everything a change must pass, in one run. Ends with one plain line of counts.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";

const root = new URL("..", import.meta.url).pathname;
const results = join(root, "test-results");
rmSync(results, { recursive: true, force: true });
const total = { passed: 0, failed: 0, skipped: 0 };

/** Runs a step with its output shown; that of one `beside` others when it has ended. Answers its exit code. */
function run(title, command, args, env = {}, beside = false) {
  const head = `\n── ${title}`;
  if (!beside) console.log(head);
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: root,
      stdio: ["ignore", beside ? "pipe" : "inherit", beside ? "pipe" : "inherit"],
      shell: process.platform === "win32",
      env: { ...process.env, ...env },
    });
    const said = [];
    child.stdout?.on("data", (part) => said.push(part));
    child.stderr?.on("data", (part) => said.push(part));
    child.on("error", () => resolve(1));
    child.on("close", (code) => {
      if (beside) console.log(`${head}\n${Buffer.concat(said)}`);
      resolve(code ?? 1);
    });
  });
}

/** A step that is one test: it passes or it does not. */
async function single(title, command, ...args) {
  const code = await run(title, command, args);
  total[code === 0 ? "passed" : "failed"]++;
  return code === 0;
}

function count(file, read) {
  if (!existsSync(file)) return false;
  const { passed, failed, skipped } = read(JSON.parse(readFileSync(file, "utf8")));
  total.passed += passed;
  total.failed += failed;
  total.skipped += skipped;
  return true;
}

/** A step of many tests, counted from its report; without a report it counts as one failure. */
async function suite(title, report, read, command, args, env, beside) {
  const code = await run(title, command, args, env, beside);
  const before = total.failed;
  if (!count(report, read) || (code !== 0 && total.failed === before)) total.failed++;
}

const vitest = ({ numPassedTests, numFailedTests, numPendingTests, numTodoTests, testResults }) => ({
  passed: numPassedTests,
  // A file that could not be loaded holds no test that failed, and is a failure all the same.
  failed:
    numFailedTests +
    testResults.filter(({ status, assertionResults }) => status === "failed" && assertionResults.length === 0)
      .length,
  skipped: numPendingTests + numTodoTests,
});

const playwright = ({ stats }) => ({
  passed: stats.expected + stats.flaky,
  failed: stats.unexpected,
  skipped: stats.skipped,
});

/** Those tests of browsers which have the tag `@waits`, beside whatever else is tested, or all others. */
function browsers(waits) {
  const report = join(results, waits ? "playwright-waits.json" : "playwright.json");
  const config = ["playwright", "test", "--config", "tests/browser/playwright.config.ts"];
  const [title, filter] = waits
    ? ["browsers, what takes its time without working (Playwright)", "--grep"]
    : ["browsers (Playwright)", "--grep-invert"];
  const output = `--output=test-results/browser${waits ? "-waits" : ""}`;
  return suite(
    title,
    report,
    playwright,
    "npx",
    [...config, output, filter, "@waits"],
    { PLAYWRIGHT_JSON_OUTPUT_NAME: report },
    waits,
  );
}

/** The sentence that says what to install where a browser is missing, or undefined. */
function missingBrowsers() {
  const has = (...names) => names.some((name) => spawnSync(name, ["--version"]).status === 0);
  const missing = [];
  if (!has("chromium", "chromium-browser", "google-chrome")) missing.push("chromium");
  if (!has("firefox-esr", "firefox")) missing.push("firefox-esr");
  if (missing.length === 0) return undefined;
  return `The browser tests need ${missing.join(" and ")}: install with \`apt-get install ${missing.join(" ")}\` (Debian), or \`npx playwright install chromium\` where downloads are allowed.`;
}

if (await single("build", process.execPath, "scripts/build.mjs", "--if-stale")) {
  await single("lint", "npx", "biome", "check", ".");
  await single("types", "npx", "tsc", "-p", ".");
  await single("core, on its source (as-pect)", "npm", "run", "--silent", "test:as");
  const missing = missingBrowsers();
  const browsed = missing === undefined || process.env.CI === "true";
  const waiting = browsed ? browsers(true) : undefined;
  const report = join(results, "vitest.json");
  await suite("units, conformance, API, interop (vitest)", report, vitest, "npx", [
    "vitest",
    "run",
    "--reporter=default",
    "--reporter=json",
    "--reporter=./tests/hosts/matrix-reporter.ts",
    `--outputFile.json=${report}`,
  ]);
  await waiting;
  if (browsed) {
    if (missing !== undefined) console.error(missing);
    await browsers(false);
  } else {
    console.log(`\n── browsers\n${missing} They were left out.`);
    total.skipped++;
  }
}

console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exit(total.failed === 0 ? 0 : 1);
