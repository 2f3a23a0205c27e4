import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["{capabilities,host,worker,tests}/**/*.test.ts"],
    exclude: ["tests/browser/**", "tests/bench/**", "node_modules/**", "dist/**"],
    globalSetup: "tests/built-core.ts",
    testTimeout: 20_000,
    // What is waited for comes by itself: a busy machine is no failure.
    expect: { poll: { timeout: 10_000 } },
    maxWorkers: 2,
  },
});
