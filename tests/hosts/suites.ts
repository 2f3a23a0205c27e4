import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { actorSchedulesSuite } from "../api/actor-schedules-suite.ts";
import { actorStateSuite } from "../api/actor-state-suite.ts";
import { actorTurnsSuite } from "../api/actor-turns-suite.ts";
import { actorsSuite } from "../api/actors-suite.ts";
import type { Seen } from "../api/app-control.ts";
import { badInputSuite } from "../api/bad-input-suite.ts";
import { bindingsSuite } from "../api/bindings-suite.ts";
import { bulkPublishSuite } from "../api/bulk-publish-suite.ts";
import { bulkSubscribeSuite } from "../api/bulk-subscribe-suite.ts";
import { configurationSuite } from "../api/configuration-suite.ts";
import { configuredSuites } from "../api/configured-suites.ts";
import { declaredSuite } from "../api/declared-suite.ts";
import { differingSuite } from "../api/differing-suite.ts";
import { gatewaySuite } from "../api/gateway-suite.ts";
import { httpEndpointSuite } from "../api/http-endpoint-suite.ts";
import { invokeSuite } from "../api/invoke-suite.ts";
import { lockSuite } from "../api/lock-suite.ts";
import { metadataSuite } from "../api/metadata-suite.ts";
import { pubsubSuite } from "../api/pubsub-suite.ts";
import { resourcesSuite } from "../api/resources-suite.ts";
import { routingSuite } from "../api/routing-suite.ts";
import { secretsSuite } from "../api/secrets-suite.ts";
import { stateQuerySuite } from "../api/state-query-suite.ts";
import { stateStoreSuite, stateSuite } from "../api/state-suite.ts";
import type { Feature, Host, HostDefinition } from "./host.ts";
import { Subject } from "./subject.ts";

const suites = {
  state: stateSuite,
  stateStore: (on: Subject) => stateStoreSuite(on),
  stateQuery: stateQuerySuite,
  invoke: invokeSuite,
  httpEndpoints: httpEndpointSuite,
  pubsub: pubsubSuite,
  declared: declaredSuite,
  bindings: bindingsSuite,
  routing: routingSuite,
  bulkPublish: bulkPublishSuite,
  bulkSubscribe: bulkSubscribeSuite,
  metadata: metadataSuite,
  secrets: secretsSuite,
  resources: resourcesSuite,
  lock: lockSuite,
  configuration: configurationSuite,
  actors: actorsSuite,
  actorTurns: actorTurnsSuite,
  actorState: actorStateSuite,
  actorSchedules: actorSchedulesSuite,
  badInput: badInputSuite,
  differing: differingSuite,
  gateway: gatewaySuite,
} as const;

export type SuiteName = keyof typeof suites;

/** They ask for nothing that a restart could change. */
const onlyFresh: readonly SuiteName[] = ["badInput"];

/** What is written and published before a restart, and looked for after it. */
function keptAcross(on: Subject) {
  const items = Array.from({ length: 50 }, (_, n) => ({ key: on.key("kept"), value: { n } }));
  const marks = Array.from({ length: 10 }, () => on.key("event"));
  const path = "/events/retried";
  const marksIn = (seen: readonly Seen[]) =>
    marks.filter((mark) => seen.some(({ text }) => text.includes(`"${mark}"`)));
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
    /** Publishes events that the app refuses for now. */
    async publish() {
      await on.app.program(path, ...Array.from({ length: 40 }, () => ({ status: 500 })));
      for (const mark of marks) {
        expect((await on.post("/v1.0/publish/messagebus/retried", JSON.stringify(mark))).status).toBe(204);
      }
    },
    /** Each of them is delivered once the app accepts; one that was under way, when the lease on it has run out. */
    async delivered() {
      await on.app.program(path);
      const accepted = async () =>
        (await on.app.recorded(path)).filter(({ answered }) => answered === undefined);
      await expect.poll(async () => marksIn(await accepted()), { timeout: 45_000 }).toEqual(marks);
    },
  };
}

/**
 * Declares the suites of the API for one host, all unless some are named: on a fresh one, and again, all or those of `again`,
 * after a restart.
 */
export function apiOn(
  definition: HostDefinition,
  names: readonly SuiteName[] = Object.keys(suites) as SuiteName[],
  again: readonly SuiteName[] = names.filter((name) => !onlyFresh.includes(name)),
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
    const kept = keptAcross(new Subject(definition, () => host));
    const has = (feature: Feature) => definition.features.has(feature);
    for (const phase of again.length > 0 ? ["fresh", "after restart"] : ["fresh"]) {
      const fresh = phase === "fresh";
      describe(phase, () => {
        if (!fresh) {
          beforeAll(async () => {
            if (names.includes("state") || names.includes("stateStore")) await kept.write();
            if (has("durableEvents")) await kept.publish();
            await host.restart();
          }, 60_000);
          test.runIf(has("persistent"))("state: what was answered is there", () => kept.read());
          test.runIf(has("durableEvents"))(
            "events: what was accepted is delivered",
            () => kept.delivered(),
            60_000,
          );
        }
        for (const name of fresh ? names : again)
          describe(name, () => suites[name](new Subject(definition, () => host)));
      });
    }
    configuredSuites(definition);
  });
}
