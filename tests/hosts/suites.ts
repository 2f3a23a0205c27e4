import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { badInputSuite } from "../api/bad-input-suite.ts";
import { configuredSuites } from "../api/configured-suites.ts";
import { invokeSuite } from "../api/invoke-suite.ts";
import { metadataSuite } from "../api/metadata-suite.ts";
import { pubsubSuite } from "../api/pubsub-suite.ts";
import { stateSuite } from "../api/state-suite.ts";
import type { Host, HostDefinition } from "./host.ts";
import { Subject } from "./subject.ts";

const suites = {
  state: stateSuite,
  invoke: invokeSuite,
  pubsub: pubsubSuite,
  metadata: metadataSuite,
  badInput: badInputSuite,
} as const;

/** Items that are written before a restart, and looked for after it. */
function keptItems(on: Subject) {
  const items = Array.from({ length: 50 }, (_, n) => ({ key: on.key("kept"), value: { n } }));
  return {
    async write() {
      const answers = await Promise.all(items.map((item) => on.post("/v1.0/state/statestore", [item])));
      expect(answers.map(({ status }) => status)).toEqual(items.map(() => 204));
    },
    async read() {
      const answer = await on.post("/v1.0/state/statestore/bulk", { keys: items.map(({ key }) => key) });
      const found = answer.json as { key: string; data: unknown }[];
      const data = new Map(found.map((item) => [item.key, item.data]));
      expect(items.map(({ key }) => ({ key, value: data.get(key) }))).toEqual(items);
    },
  };
}

/** Declares every suite of the API for one host: on a fresh one, and again after a restart. */
export function apiOn(
  definition: HostDefinition,
  names = Object.keys(suites) as (keyof typeof suites)[],
): void {
  describe(definition.name, () => {
    const { missing, required } = definition;
    if (missing !== undefined) {
      test.skipIf(!required || process.env.CI !== "true")(missing, () => expect.fail(missing));
      return;
    }
    let host: Host;
    beforeAll(async () => {
      host = await definition.start();
    }, 60_000);
    afterAll(() => host?.stop());
    const kept = keptItems(new Subject(definition, () => host));
    for (const phase of ["fresh", "after restart"]) {
      describe(phase, () => {
        if (phase !== "fresh") {
          beforeAll(async () => {
            await kept.write();
            await host.restart();
          }, 60_000);
          test.runIf(definition.features.has("persistent"))("state: what was answered is there", () =>
            kept.read(),
          );
        }
        for (const name of names) describe(name, () => suites[name](new Subject(definition, () => host)));
      });
    }
    configuredSuites(definition);
  });
}
