// `npm test`: everything a change must pass, in one run. Ends with one plain line of counts.
import { spawn, spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { readReport } from "./test-reports.mjs";

const root = new URL("..", import.meta.url).pathname;
const results = join(root, "test-results");
rmSync(results, { recursive: true, force: true });
const total = { passed: 0, skipped: 0 };
/** What failed at first: the step's title, the runner where it can be run again, file, name and message. */
const failures = [];
/** More failures than this are no matter of time. */
const MANY = 10;

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
async function single(title, [command, ...args], beside = false) {
  const code = await run(title, command, args, {}, beside);
  if (code === 0) total.passed++;
  else failures.push({ title, file: "", name: "", message: `It ended with code ${code}.` });
  return code === 0;
}

/** A step of many tests, told by the report of its runner; without a failure there, its exit code counts as one. */
async function suite(title, runner, report, { args = [], beside = false } = {}) {
  const file = join(results, report);
  const { command, env } = runners[runner](file);
  const code = await run(title, "npx", [...command, ...args], env, beside);
  const read = readReport(runner, file, root) ?? { passed: 0, skipped: 0, failures: [] };
  if (code !== 0 && read.failures.length === 0) {
    read.failures.push({
      file: "",
      name: "",
      message: `It ended with code ${code}, and its report names no failure.`,
    });
  }
  total.passed += read.passed;
  total.skipped += read.skipped;
  failures.push(...read.failures.map((failure) => ({ title, runner, ...failure })));
}

const runners = {
  vitest: (report) => ({
    command: [
      "vitest",
      "run",
      "--reporter=default",
      "--reporter=json",
      "--reporter=./tests/hosts/matrix-reporter.ts",
      `--outputFile.json=${report}`,
    ],
  }),
  playwright: (report) => ({
    command: ["playwright", "test", "--config", "tests/browser/playwright.config.ts"],
    env: { PLAYWRIGHT_JSON_OUTPUT_NAME: report },
  }),
};

/** Those tests of browsers which have the tag `@waits`, beside whatever else is tested, or all others. */
function browsers(waits) {
  return waits
    ? suite(
        "browsers, what takes its time without working (Playwright)",
        "playwright",
        "playwright-waits.json",
        {
          args: ["--output=test-results/browser-waits", "--grep", "@waits"],
          beside: true,
        },
      )
    : suite("browsers (Playwright)", "playwright", "playwright.json", { args: ["--grep-invert", "@waits"] });
}

/**
 * Runs what failed once more, with nothing beside it: on a busy machine a test that waits for time can fail though nothing
 * is broken. What passes then counts as passed, and is answered, to be named: it is a test, or a program, to be mended.
 */
async function onceMore() {
  const unsteady = [];
  const known = failures.filter(({ file }) => file !== "");
  if (known.length > MANY) return unsteady;
  for (const runner of Object.keys(runners)) {
    const files = new Set(known.filter((failure) => failure.runner === runner).map(({ file }) => file));
    if (files.size === 0) continue;
    const report = join(results, `${runner}-again.json`);
    const { command, env } = runners[runner](report);
    await run(`once more, alone (${runner})`, "npx", [...command, ...files], env);
    const still = readReport(runner, report, root)?.failures;
    if (still === undefined) continue;
    const fails = ({ file, name }) =>
      still.some((other) => other.file === file && [name, ""].includes(name === "" ? "" : other.name));
    unsteady.push(...known.filter((failure) => failure.runner === runner && !fails(failure)));
  }
  return unsteady;
}

function tell(title, list) {
  if (list.length > 0) console.log(`\n── ${title}`);
  for (const { title: step, file, name, message } of list) {
    console.log(`${step}: ${[file, name].filter((part) => part !== "").join(" › ")}`);
    const lines = message.split("\n").filter((line) => !line.includes("node_modules"));
    for (const line of lines.slice(0, 12)) console.log(`    ${line}`);
  }
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

if (await single("build", [process.execPath, "scripts/build.mjs", "--if-stale"])) {
  await single("lint", ["npx", "biome", "check", "."]);
  await Promise.all([
    single("types", ["npx", "tsc", "-p", "."], true),
    single("core, on its source (as-pect)", ["npm", "run", "--silent", "test:as"], true),
  ]);
  const missing = missingBrowsers();
  const browsed = missing === undefined || process.env.CI === "true";
  const waiting = browsed ? browsers(true) : undefined;
  await suite("units, conformance, API, interop (vitest)", "vitest", "vitest.json");
  await waiting;
  if (browsed) {
    if (missing !== undefined) console.error(missing);
    await browsers(false);
  } else {
    console.log(`\n── browsers\n${missing} They were left out.`);
    total.skipped++;
  }
}

const unsteady = await onceMore();
const broken = failures.filter((failure) => !unsteady.includes(failure));
tell("failed beside other tests, passed alone", unsteady);
tell("failed", broken);
console.log(`\n${total.passed + unsteady.length} passed, ${broken.length} failed, ${total.skipped} skipped`);
process.exit(broken.length === 0 ? 0 : 1);
