import { describe, expect, it } from "vitest";
import * as yaml from "yaml";
import { createRuntime } from "../../host/node/index.ts";
import { parseResources } from "../../host/resources/parse-resources.ts";
import { component, resiliency } from "./controlled.ts";

type Does = number | "hangs";

/** An app that takes the events of a topic, or of a binding, one by one or in bulk. */
async function started(kind: "pubsub" | "bindings", yamls: string, bulk = false) {
  const calls: [ms: number, event: string][] = [];
  const dead: string[] = [];
  let does: readonly Does[] = [200];
  const own = component(`${kind}.in-memory`) + (kind === "bindings" ? "  metadata: []\n" : "");
  const runtime = await createRuntime({
    components: own + yamls,
    async app(request) {
      const { pathname } = new URL(request.url);
      if (request.method === "OPTIONS") return new Response(null, { status: 200 });
      if (pathname === "/dapr/subscribe") {
        const bulkSubscribe = { enabled: bulk, maxMessagesCount: 10, maxAwaitDurationMs: 1 };
        return Response.json([
          { pubsubname: "c", topic: "t", route: "t", deadLetterTopic: "dead", bulkSubscribe },
          { pubsubname: "c", topic: "dead", route: "dead" },
        ]);
      }
      const body = await request.json();
      if (pathname === "/dead") {
        dead.push(String(body.data));
        return new Response();
      }
      const entries = body.entries ?? [{ event: body }];
      const now = runtime.sidecar.platform.clock.now() - began;
      const what = does[Math.min(calls.length, does.length - 1)] as Does;
      for (const { event } of entries) calls.push([now, String(kind === "pubsub" ? event.data : event)]);
      if (what === "hangs") return new Promise<Response>(() => undefined);
      const statuses = entries.map(({ entryId }: { entryId: string }) => ({ entryId, status: "SUCCESS" }));
      return bulk && what === 200 ? Response.json({ statuses }) : new Response(null, { status: what });
    },
  });
  const { clock } = runtime.sidecar.platform;
  const began = clock.now();
  /** Returns without waiting for what the app answers. */
  const emit = (event: number) =>
    kind === "pubsub"
      ? runtime.fetch("/v1.0/publish/c/t", { method: "POST", body: String(event) })
      : runtime.fetch("/v1.0/bindings/c", {
          method: "POST",
          body: JSON.stringify({ operation: "create", data: event }),
        });
  return {
    runtime,
    emit,
    calls,
    dead,
    does: (...next: readonly Does[]) => {
      does = [...calls.map(() => 200), ...next];
    },
    /** In bulk, each waits a moment for others. */
    times: () => calls.map(([ms]) => ms - (ms % 10)),
    become: (text: string) => runtime.update(parseResources(own + text, "createRuntime()", yaml)),
  };
}

const inbound = (policies: string, named: string) =>
  resiliency(policies, `{components: {c: {inbound: ${named}}}}`);
const thrice = "{duration: 1s, maxRetries: 3}";
const breaker = "circuitBreakers: {b: {timeout: 30s, trip: consecutiveFailures >= 2}}";

describe.each([
  ["events of a topic", "pubsub", false],
  ["events in bulk", "pubsub", true],
  ["events of a binding", "bindings", false],
] as const)("%s", (_, kind, bulk) => {
  it("that the app does not answer in time are delivered again", async () => {
    const both = `{timeouts: {fast: 200ms}, retries: {thrice: ${thrice}}}`;
    const on = await started(kind, inbound(both, "{timeout: fast, retry: thrice}"), bulk);
    on.does("hangs", "hangs", 200);
    await on.emit(1);
    await on.runtime.advance(10_000);
    expect(on.times()).toEqual([0, 1_200, 2_400]);
    expect(on.dead).toEqual([]);
    await on.runtime.stop();
  });

  it("wait while the circuit breaker is open, and all arrive once it is not", async () => {
    const on = await started(
      kind,
      inbound(
        `{${breaker}, retries: {r: {duration: 100ms, maxRetries: 9}}}`,
        "{circuitBreaker: b, retry: r}",
      ),
      bulk,
    );
    on.does(500, 500, 500, 200);
    await on.emit(1);
    await on.runtime.advance(1_000);
    for (const event of [2, 3, 4]) await on.emit(event);
    await on.runtime.advance(28_000);
    expect(on.times()).toEqual([0, 100]);
    // Half-open, it fails once more; at the second time it is closed again.
    await on.runtime.advance(2_000);
    expect(on.calls.length).toBe(3);
    await on.runtime.advance(29_000);
    expect(on.calls.length).toBe(3);
    await on.runtime.advance(10_000);
    const taken = on.calls.slice(3).map(([, event]) => event);
    expect([...new Set(taken)].sort()).toEqual(["1", "2", "3", "4"]);
    expect(taken).toHaveLength(4);
    expect(on.dead).toEqual([]);
    await on.runtime.stop();
  });

  it("that wait for it do not hold up a sidecar that stops", async () => {
    const on = await started(
      kind,
      inbound(`{${breaker}, retries: {r: ${thrice}}}`, "{circuitBreaker: b, retry: r}"),
      bulk,
    );
    on.does(500);
    await on.emit(1);
    await on.runtime.advance(5_000);
    expect(on.calls).toHaveLength(2);
    await on.runtime.stop();
    expect(on.dead).toEqual([]);
  });

  it("of an app that has other policies now are delivered by those", async () => {
    const on = await started(
      kind,
      inbound(`{${breaker}, retries: {r: ${thrice}}}`, "{circuitBreaker: b, retry: r}"),
      bulk,
    );
    on.does(500, 500, 200);
    await on.emit(1);
    await on.runtime.advance(5_000);
    expect(on.calls).toHaveLength(2);
    const becoming = on.become(inbound(`{retries: {r: ${thrice}}}`, "{retry: r}"));
    await on.runtime.advance(40_000);
    await becoming;
    await on.runtime.advance(10_000);
    expect(on.calls).toHaveLength(3);
    expect(on.dead).toEqual([]);
    await on.runtime.stop();
  });

  it.each([
    [500, 1],
    [503, 4],
    [555, 4],
  ])("that are answered %s are delivered %i times where the codes say so", async (status, times) => {
    const retry = "{duration: 1s, maxRetries: 3, matching: {httpStatusCodes: '503,550-560'}}";
    const on = await started(kind, inbound(`{retries: {some: ${retry}}}`, "{retry: some}"), bulk);
    on.does(...Array.from({ length: times }, () => status), 200);
    await on.emit(1);
    await on.runtime.advance(3_500);
    if (kind === "pubsub") {
      expect(on.calls).toHaveLength(times);
      expect(on.dead).toEqual(["1"]);
    } else {
      // What the policy gave up comes again from its source, after a wait of its own.
      expect(on.times().slice(0, times)).toEqual(Array.from({ length: times }, (__, i) => i * 1_000));
    }
    await on.runtime.stop();
  });

  it.each([
    `Default${kind === "pubsub" ? "Pubsub" : "Binding"}ComponentInboundRetryPolicy`,
    "DefaultComponentInboundRetryPolicy",
    "DefaultComponentRetryPolicy",
    "DefaultRetryPolicy",
  ])("are delivered again by %s", async (name) => {
    const on = await started(kind, resiliency(`{retries: {${name}: ${thrice}}}`), bulk);
    on.does(500, 500, 500, 200);
    await on.emit(1);
    await on.runtime.advance(10_000);
    expect(on.times()).toEqual([0, 1_000, 2_000, 3_000]);
    await on.runtime.stop();
  });
});
