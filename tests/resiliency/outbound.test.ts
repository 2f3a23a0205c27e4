import { describe, expect, it } from "vitest";
import * as yaml from "yaml";
import { createRuntime } from "../../host/node/index.ts";
import { parseResources } from "../../host/resources/parse-resources.ts";
import { Control, component, controlledRegistry, resiliency } from "./controlled.ts";

const post = (body: unknown) => ({ method: "POST", body: JSON.stringify(body) });

/** One call of each family, the error it answers, and Dapr's word for the family. */
const families = [
  ["state", "Statestore", "/v1.0/state/c/k", {}, "ERR_STATE_GET"],
  ["pubsub", "Pubsub", "/v1.0/publish/c/t", post(1), "ERR_PUBSUB_PUBLISH_MESSAGE"],
  ["bindings", "Binding", "/v1.0/bindings/c", post({ operation: "create" }), "ERR_INVOKE_OUTPUT_BINDING"],
  ["secretstores", "Secretstore", "/v1.0/secrets/c/k", {}, "ERR_SECRET_GET"],
  ["configuration", "Configuration", "/v1.0/configuration/c?key=k", {}, "ERR_CONFIGURATION_GET"],
  [
    "lock",
    "Lock",
    "/v1.0-alpha1/lock/c",
    post({ resourceId: "r", lockOwner: "o", expiryInSeconds: 9 }),
    "ERR_TRY_LOCK",
  ],
] as const;

async function started(type: string, yamls: string, script: Control["script"]) {
  const control = new Control();
  control.script = script;
  const runtime = await createRuntime({
    registry: controlledRegistry(control),
    components: component(`${type}.controlled`) + yamls,
  });
  const began = runtime.sidecar.platform.clock.now();
  control.now = () => runtime.sidecar.platform.clock.now() - began;
  /** The answer, once `ms` have passed. */
  const call = async (path: string, init: RequestInit, ms: number) => {
    const answer = runtime.fetch(path, init);
    await runtime.advance(ms);
    const response = await answer;
    const body = await response.text();
    return { status: response.status, body };
  };
  return { runtime, control, call };
}

const retries = "{policy: constant, duration: 1s, maxRetries: 3}";
const thrice = `{retries: {thrice: ${retries}}}`;
const target = "{components: {c: {outbound: {retry: thrice}}}}";

describe.each(families)("a call of a component of %s", (type, word, path, init, code) => {
  it("is tried again as its target says", async () => {
    const on = await started(type, resiliency(thrice, target), ["UNAVAILABLE"]);
    const { status, body } = await on.call(path, init, 10_000);
    expect(on.control.calls).toEqual([0, 1_000, 2_000, 3_000]);
    expect([status, JSON.parse(body).errorCode]).toEqual([500, code]);
    await on.runtime.stop();
  });

  it("succeeds when an attempt does", async () => {
    const on = await started(type, resiliency(thrice, target), ["UNAVAILABLE", "INTERNAL", "works"]);
    expect((await on.call(path, init, 10_000)).status).toBeLessThan(300);
    expect(on.control.calls).toEqual([0, 1_000, 2_000]);
    await on.runtime.stop();
  });

  it.each([
    `Default${word}ComponentOutboundRetryPolicy`,
    "DefaultComponentOutboundRetryPolicy",
    "DefaultComponentRetryPolicy",
    "DefaultRetryPolicy",
  ])("is tried again by %s", async (name) => {
    const on = await started(type, resiliency(`{retries: {${name}: ${retries}}}`), ["UNAVAILABLE"]);
    await on.call(path, init, 10_000);
    expect(on.control.calls).toHaveLength(4);
    await on.runtime.stop();
  });

  it("fails once its timeout is over", async () => {
    const yamls = resiliency("{timeouts: {fast: 200ms}}", "{components: {c: {outbound: {timeout: fast}}}}");
    const on = await started(type, yamls, ["hangs"]);
    const { status, body } = await on.call(path, init, 200);
    expect([status, JSON.parse(body).errorCode]).toEqual([500, code]);
    expect(JSON.parse(body).message).toContain("component c did not answer within 200 ms");
    await on.runtime.stop();
  });

  it("does not reach it while its circuit breaker is open, and does once that is over", async () => {
    const breaker = "{circuitBreakers: {b: {timeout: 30s, trip: consecutiveFailures >= 2}}}";
    const on = await started(
      type,
      resiliency(breaker, "{components: {c: {outbound: {circuitBreaker: b}}}}"),
      ["UNAVAILABLE", "UNAVAILABLE", "works"],
    );
    for (let i = 0; i < 4; i++) await on.call(path, init, 0);
    expect(on.control.calls).toHaveLength(2);
    const refused = await on.call(path, init, 0);
    expect(JSON.parse(refused.body).message).toContain("circuit breaker is open");
    await on.runtime.advance(30_001);
    expect((await on.call(path, init, 0)).status).toBeLessThan(300);
    expect(on.control.calls).toHaveLength(3);
    await on.runtime.stop();
  });

  it("is not tried again, nor counted, where the caller made the mistake", async () => {
    const both = `{retries: {thrice: ${retries}}, circuitBreakers: {b: {trip: totalFailures > 0}}}`;
    const named = "{components: {c: {outbound: {retry: thrice, circuitBreaker: b}}}}";
    const on = await started(type, resiliency(both, named), [
      "INVALID_ARGUMENT",
      "INVALID_ARGUMENT",
      "works",
    ]);
    for (let i = 0; i < 3; i++) await on.call(path, init, 0);
    expect(on.control.calls).toEqual([0, 0, 0]);
    await on.runtime.stop();
  });

  it.each([
    ["another component", "{components: {d: {outbound: {retry: thrice}}}}"],
    ["the other direction", "{components: {c: {inbound: {retry: thrice}}}}"],
  ])("is not touched by a policy for %s", async (_, named) => {
    const on = await started(type, resiliency(thrice, named), ["UNAVAILABLE"]);
    await on.call(path, init, 10_000);
    expect(on.control.calls).toHaveLength(1);
    await on.runtime.stop();
  });
});

describe("policies of components", () => {
  const [, , path, init] = families[0];

  it("leave a target alone that names none of them, whatever the defaults are", async () => {
    const yamls = resiliency(
      `{retries: {DefaultRetryPolicy: ${retries}}}`,
      "{components: {c: {outbound: {}}}}",
    );
    const on = await started("state", yamls, ["UNAVAILABLE"]);
    await on.call(path, init, 10_000);
    expect(on.control.calls).toHaveLength(1);
    await on.runtime.stop();
  });

  it("are retried around the circuit breaker, which counts each attempt and ends them", async () => {
    const both = `{retries: {thrice: ${retries}}, circuitBreakers: {b: {trip: totalFailures >= 2 && requests < 9}}}`;
    const named = "{components: {c: {outbound: {retry: thrice, circuitBreaker: b}}}}";
    const on = await started("state", resiliency(both, named), ["UNAVAILABLE"]);
    const { body } = await on.call(path, init, 10_000);
    expect(on.control.calls).toEqual([0, 1_000]);
    expect(JSON.parse(body).message).toContain("circuit breaker is open");
    await on.runtime.stop();
  });

  it("take the rule language for a trip that compares no numbers", async () => {
    const trip = "requests >= 4 && totalFailures * 2 > requests";
    const yamls = resiliency(
      `{circuitBreakers: {b: {trip: "${trip}"}}}`,
      "{components: {c: {outbound: {circuitBreaker: b}}}}",
    );
    const on = await started("state", yamls, ["works", "UNAVAILABLE"]);
    for (let i = 0; i < 9; i++) await on.call(path, init, 0);
    expect(on.control.calls).toHaveLength(4);
    await on.runtime.stop();
  });

  it("give all attempts of a write one id and bytes of their own, so that none refuses or spoils another", async () => {
    const on = await started("state", resiliency(thrice, target), ["UNAVAILABLE", "works"]);
    const saved = await on.call("/v1.0/state/c", post([{ key: "k", value: 1, etag: "1" }]), 5_000);
    expect(saved.status).toBe(204);
    const [first, second] = on.control.batches;
    expect(first?.requestId).toMatch(/^app\/./);
    expect(second?.requestId).toBe(first?.requestId);
    const bytes = (batch: typeof first) => batch?.operations.map((one) => "value" in one && one.value);
    expect(bytes(second)).toEqual(bytes(first));
    expect(bytes(second)?.[0]).not.toBe(bytes(first)?.[0]);
    await on.runtime.stop();
  });

  it("of several resources are one: the later of one name, and targets of another's policies", async () => {
    const first = resiliency(`{retries: {thrice: {duration: 9s, maxRetries: 9}}}`, target, "one");
    const on = await started("state", first + resiliency(thrice, "{}", "two"), ["UNAVAILABLE"]);
    await on.call(path, init, 10_000);
    expect(on.control.calls).toEqual([0, 1_000, 2_000, 3_000]);
    const { resiliencies } = await (await on.runtime.fetch("/v1.0/metadata")).json();
    expect(resiliencies).toEqual([{ name: "one" }, { name: "two" }]);
    await on.runtime.stop();
  });

  it("can be changed while running, and keep what they know where they are not", async () => {
    const breaker = "{circuitBreakers: {b: {trip: totalFailures > 0}}}";
    const named = "{components: {c: {outbound: {circuitBreaker: b}}}}";
    const on = await started("state", "", ["UNAVAILABLE"]);
    const become = (text: string) =>
      on.runtime.update(parseResources(component("state.controlled") + text, "a.yaml", yaml));
    const called = async () => {
      const before = on.control.calls.length;
      for (let i = 0; i < 3; i++) await on.call(path, init, 0);
      return on.control.calls.length - before;
    };
    expect(await called()).toBe(3);
    await become(resiliency(breaker, named));
    expect(await called()).toBe(1);
    await become(`---\n${component("state.controlled", "other")}${resiliency(breaker, named)}`);
    expect(await called()).toBe(0);
    await become(resiliency(breaker, named, "renamed"));
    expect(await called()).toBe(0);
    await become(resiliency("{circuitBreakers: {b: {trip: totalFailures > 1}}}", named));
    expect(await called()).toBe(2);
    await expect(become(resiliency("{}", named))).rejects.toThrow(
      /document 2, line \d+: spec\.targets\.components\.c\.outbound\.circuitBreaker names b, which spec\.policies\.circuitBreakers does not have/,
    );
    expect(await called()).toBe(0);
    await become("");
    expect(await called()).toBe(3);
    await on.runtime.stop();
  });

  it("are those of this app", async () => {
    const on = await started("state", `${resiliency(thrice, target)}scopes: [somebody-else]\n`, [
      "UNAVAILABLE",
    ]);
    await on.call(path, init, 10_000);
    expect(on.control.calls).toHaveLength(1);
    await on.runtime.stop();
  });

  it("do not stand before a component that no policy targets", async () => {
    const on = await started(
      "state",
      resiliency(thrice, "{components: {d: {outbound: {retry: thrice}}}}"),
      [],
    );
    const bare = on.runtime.sidecar.components.state.get("c")?.component;
    // One with a policy before it hands out other methods than its own.
    expect(bare?.write).toBe(Object.getPrototypeOf(bare).write);
    await on.runtime.stop();
  });
});

describe("a sidecar that stops", () => {
  it.each(families)("ends the retries of a call of %s that have no end", async (type, _, path, init) => {
    const without = "{retries: {endless: {duration: 1m}}}";
    const on = await started(type, resiliency(without, "{components: {c: {outbound: {retry: endless}}}}"), [
      "UNAVAILABLE",
    ]);
    const answer = on.runtime.fetch(path, init);
    await on.runtime.advance(5_000);
    const stopping = on.runtime.stop();
    expect(await (await answer).text()).toContain("the sidecar is stopping");
    await stopping;
    expect(on.control.calls).toHaveLength(1);
  });
});
