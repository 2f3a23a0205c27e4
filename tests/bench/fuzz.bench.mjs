/** The core's differential fuzzing, with a million cases and more instead of the test run's thousands. */
import { spawnSync } from "node:child_process";

// The properties of tests/fuzz run this often or a fraction of it each: 1.2 million together.
const runs = process.env.FUZZ_RUNS ?? "100000";
const { status } = spawnSync("npx", ["vitest", "run", "tests/fuzz", "--reporter=verbose"], {
  stdio: "inherit",
  shell: process.platform === "win32",
  env: { ...process.env, FUZZ_RUNS: runs },
});
process.exit(status ?? 1);
