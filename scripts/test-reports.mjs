// What the runners' JSON reports say, in one shape: counts, and each failure with what it takes to run it again.
import { existsSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { stripVTControlCharacters } from "node:util";

const said = (message) => stripVTControlCharacters(message ?? "").trim();

/** Of vitest: a failure is told by its file, relative to `root`, and the test's full name. */
function vitest({ numPassedTests, numPendingTests, numTodoTests, testResults }, root) {
  const failures = testResults.flatMap(({ name, status, message, assertionResults }) => {
    const file = relative(root, name);
    const failed = assertionResults.filter((test) => test.status === "failed");
    // A file that could not be loaded holds no test that failed, and is a failure all the same.
    if (failed.length === 0 && status === "failed") return [{ file, name: "", message: said(message) }];
    return failed.map(({ fullName, failureMessages }) => ({
      file,
      name: fullName,
      message: said(failureMessages[0]),
    }));
  });
  return { passed: numPassedTests, skipped: numPendingTests + numTodoTests, failures };
}

/** Of Playwright: a failure is told by its file and line, as its command line takes them. */
function playwright({ config, stats, suites, errors }, root) {
  const specs = ({ suites = [], specs: own = [] }) => [...own, ...suites.flatMap(specs)];
  const failures = suites.flatMap(specs).flatMap(({ ok, title, file, line, tests }) => {
    if (ok) return [];
    const message = tests.flatMap(({ results }) => results).find(({ error }) => error)?.error.message;
    return [
      { file: `${relative(root, join(config.rootDir, file))}:${line}`, name: title, message: said(message) },
    ];
  });
  if (failures.length === 0) {
    failures.push(...errors.map(({ message }) => ({ file: "", name: "", message: said(message) })));
  }
  return { passed: stats.expected + stats.flaky, skipped: stats.skipped, failures };
}

const readers = { vitest, playwright };

/** The report in `file` of a `runner`, or undefined where that ended without one. */
export function readReport(runner, file, root) {
  return existsSync(file) ? readers[runner](JSON.parse(readFileSync(file, "utf8")), root) : undefined;
}
