/**
 * Stands in for vitest where a suite is bundled for a page: the same words, and the tests are run by whoever calls
 * `runAll`.
 */
import { JestAsymmetricMatchers, JestChaiExpect } from "@vitest/expect";
import * as chai from "chai";

type Run = () => unknown;

interface Test {
  readonly name: string;
  readonly run: Run;
  readonly after: readonly Run[];
}

export interface Outcome {
  readonly name: string;
  /** Undefined: passed. */
  readonly failure: string | undefined;
}

const tests: Test[] = [];
const groups: { readonly name: string; readonly after: Run[] }[] = [];

export function describe(name: string, define: () => void): void {
  groups.push({ name, after: [] });
  define();
  groups.pop();
}

export function it(name: string, run: Run): void {
  const path = [...groups.map((group) => group.name), name].join(" > ");
  tests.push({ name: path, run, after: groups.flatMap(({ after }) => after) });
}

it.skip = (): void => undefined;

export function afterEach(run: Run): void {
  groups.at(-1)?.after.push(run);
}

chai.use(JestChaiExpect);
chai.use(JestAsymmetricMatchers);
export const expect = chai.expect;

/** Runs what was defined, one after the other. */
export async function runAll(): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const { name, run, after } of tests) {
    let failure: string | undefined;
    try {
      await run();
    } catch (error) {
      failure = error instanceof Error ? (error.stack ?? error.message) : String(error);
    }
    for (const end of after) await end();
    outcomes.push({ name, failure });
  }
  return outcomes;
}
