/** The core's differential fuzzing, with a million cases and more instead of the test run's thousands. */
import { spawnSync } from "node:child_process";

// Each property runs this often or a fraction of it: 1.4 million cases together.
const runs = process.env.FUZZ_RUNS ?? "100000";
const { status } = spawnSync(
  "npx",
  ["vitest", "run", "tests/fuzz", "tests/core/hash.test.ts", "--reporter=verbose", "--testTimeout=600000"],
  {
    stdio: "inherit",
    shell: process.platform === "win32",
    env: { ...process.env, FUZZ_RUNS: runs },
  },
);
process.exit(status ?? 1);
