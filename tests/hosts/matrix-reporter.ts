import type { Reporter, TestCase, TestModule, TestSuite } from "vitest/node";
import { type Difference, differences } from "../api/differences.ts";

interface Count {
  passed: number;
  failed: number;
  skipped: number;
}

function children(node: TestModule | TestSuite): (TestSuite | TestCase)[] {
  return [...node.children];
}

function count(node: TestSuite, into: Count): Count {
  for (const test of node.children.allTests()) {
    const { state } = test.result();
    if (state === "passed" || state === "failed") into[state]++;
    else into.skipped++;
  }
  return into;
}

const cell = (found: Count | undefined): string => {
  if (found === undefined) return "";
  const { passed, failed } = found;
  if (passed + failed === 0) return "left out";
  return failed === 0 ? `${passed}` : `${passed} of ${passed + failed}`;
};

/** Prints, after a run that held host suites, which suite passed on which host, and the listed differences. */
export default class MatrixReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const hosts: string[] = [];
    const rows = new Map<string, Map<string, Count>>();
    const absent: string[] = [];
    for (const module of modules) {
      if (!/tests\/hosts\/[^/]+\.test\.ts$/.test(module.moduleId.replaceAll("\\", "/"))) continue;
      for (const host of children(module)) {
        if (host.type !== "suite") continue;
        hosts.push(host.name);
        for (const phase of children(host)) {
          if (phase.type === "test") {
            if (phase.result().state === "skipped") absent.push(phase.name);
            continue;
          }
          const suites = children(phase).filter((child): child is TestSuite => child.type === "suite");
          const named = suites.some(({ name }) => name === "state");
          for (const suite of named ? suites : [phase]) {
            const row = rows.get(suite.name) ?? new Map<string, Count>();
            rows.set(suite.name, row);
            row.set(host.name, count(suite, row.get(host.name) ?? { passed: 0, failed: 0, skipped: 0 }));
          }
        }
      }
    }
    if (rows.size === 0) {
      for (const sentence of absent) console.log(`Left out: ${sentence}.`);
      return;
    }
    const table = [["", ...hosts]];
    for (const [suite, row] of rows) table.push([suite, ...hosts.map((host) => cell(row.get(host)))]);
    const widths = table[0]?.map((_, i) => Math.max(...table.map((line) => line[i]?.length ?? 0))) ?? [];
    const lines = table.map((line) => line.map((text, i) => text.padEnd(widths[i] ?? 0)).join("   "));
    console.log(`\nThe API on every host (tests passed, fresh and after a restart):\n${lines.join("\n")}`);
    for (const sentence of absent) console.log(`Left out: ${sentence}.`);
    console.log(`\nDifferences from daprd that the suites hold (${differences.length}):`);
    for (const { what, daprd, daprlet, gateway, why } of differences as readonly Difference[]) {
      const sides = [
        `daprd ${daprd}`,
        `daprlet ${daprlet}`,
        ...(gateway === undefined ? [] : [`a gateway ${gateway}`]),
      ];
      console.log(`- ${what}: ${sides.join("; ")}, because ${why}.`);
    }
  }
}
