import { afterAll, beforeAll, describe, test } from "vitest";
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

/** Declares every suite of the API for one host: on a fresh one, and again after a restart. */
export function apiOn(
  definition: HostDefinition,
  names = Object.keys(suites) as (keyof typeof suites)[],
): void {
  describe(definition.name, () => {
    if (definition.missing !== undefined) {
      test.skip(definition.missing, () => undefined);
      return;
    }
    let host: Host;
    beforeAll(async () => {
      host = await definition.start();
    }, 60_000);
    afterAll(() => host?.stop());
    for (const phase of ["fresh", "after restart"]) {
      describe(phase, () => {
        if (phase !== "fresh") beforeAll(() => host.restart(), 60_000);
        for (const name of names) describe(name, () => suites[name](new Subject(definition, () => host)));
      });
    }
    configuredSuites(definition);
  });
}
