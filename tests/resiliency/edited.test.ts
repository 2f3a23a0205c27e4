import { describe, expect, it } from "vitest";
import * as yaml from "yaml";
import { FakeClock } from "../../host/fake-clock.ts";
import { nodePlatform } from "../../host/node/node-platform.ts";
import type { Policy } from "../../host/resiliency/policy.ts";
import { Resiliency } from "../../host/resiliency/resiliency.ts";
import { parseResources } from "../../host/resources/parse-resources.ts";
import { cel } from "../../host/subscriptions/rules/cel.ts";
import type { Meters } from "../../host/telemetry/metrics/meters.ts";
import { newCore } from "../core/core.ts";
import { resiliency } from "./controlled.ts";

const silent = { debug() {}, info() {}, warn() {}, error() {} };

function setUp() {
  const clock = new FakeClock();
  /** What the metrics of breakers were told, in order. */
  const told: string[] = [];
  const meters = {
    policiesLoaded: () => undefined,
    policiesLeft: () => void told.push("left"),
    policies: (name: string, _: string, target: string) => ({
      applied: () => undefined,
      activated: (_: string, state: string) => void told.push(`${name} ${target} became ${state}`),
      found: (state: string) => void told.push(`${name} ${target} is ${state}`),
    }),
  } as unknown as Meters;
  const platform = { ...nodePlatform(silent), clock };
  const context = { appId: "a", namespace: undefined, core: newCore(), platform, meters };
  const read = (text: string, before?: Resiliency) => {
    const { resiliencies } = parseResources(text, "r.yaml", yaml);
    return Resiliency.of(resiliencies, { ...context, rules: async () => cel as never }, before);
  };
  return { clock, told, read };
}

const policies = "{circuitBreakers: {b: {trip: totalFailures > 1}, c: {trip: totalFailures * 2 > 2}}}";
const kinds = [
  ["an app's endpoint", "apps: {x: {circuitBreaker: b}}", (of: Resiliency) => of.app("x")?.endpoint("/p")],
  [
    "an actor",
    "actors: {x: {circuitBreaker: b, circuitBreakerScope: id}}",
    (of: Resiliency) => of.actor("x")?.waiting("1"),
  ],
  [
    "a component",
    "components: {x: {outbound: {circuitBreaker: b}}}",
    (of: Resiliency) => of.outbound("x", "state"),
  ],
  [
    "events of a component",
    "components: {x: {inbound: {circuitBreaker: b}}}",
    (of: Resiliency) => of.inbound("x", "pubsub"),
  ],
] as const;

const other = "components: {y: {outbound: {circuitBreaker: b}}}";
const edits = [
  ["a target more", policies, (target: string) => `${target}, ${other}`, "open"],
  ["a policy more", `{timeouts: {t: 1s}, ${policies.slice(1)}`, (target: string) => target, "open"],
  [
    "a timeout for it",
    `{timeouts: {b: 1s}, ${policies.slice(1)}`,
    (target: string) => target.replace("circuit", "timeout: b, circuit"),
    "open",
  ],
  [
    "another name of the policy",
    policies.replace(" {b: ", " {d: "),
    (target: string) => target.replace(": b", ": d"),
    "open",
  ],
  ["another condition", policies.replace("> 1", "> 2"), (target: string) => target, "closed"],
  ["another time", policies.replace("{trip", "{timeout: 1s, trip"), (target: string) => target, "closed"],
  ["another policy", policies, (target: string) => target.replace(": b", ": c"), "closed"],
] as const;

const fail = (policy: Policy | undefined) =>
  policy?.run({ attempt: () => Promise.reject(new Error("no")) }).catch(() => undefined);

describe.each(kinds)("the circuit breaker of %s", (_, target, find) => {
  // A component's targets are one mapping.
  const targets = (text: string) =>
    `{${text.startsWith("components") ? text.replace("}}}, components: {", "}}, ") : text}}`;

  it.each(edits)("after an edit: %s", async (_, edited, change, state) => {
    const { read } = setUp();
    const before = await read(resiliency(policies, targets(target)));
    await fail(find(before));
    await fail(find(before));
    const now = await read(resiliency(edited, targets(change(target))), before);
    expect(find(now)?.breaker?.state).toBe(state);
  });

  it("is one for whoever began before the edit", async () => {
    const { clock, told, read } = setUp();
    const before = await read(resiliency(policies, targets(target)));
    const old = find(before);
    await fail(old);
    const now = await read(resiliency(policies, targets(target), "renamed"), before);
    await fail(old);
    expect(find(now)?.breaker?.state).toBe("open");
    const again = await read(resiliency(policies, targets(target)), now);
    await clock.advance(60_001);
    await find(again)?.run({ attempt: () => 1 });
    const measured = told.map((text) => text.replace(/ \w+_x/, ""));
    expect(measured).toEqual([
      "left",
      "renamed is closed",
      "renamed became open",
      "left",
      "r is open",
      "r became half-open",
      "r became closed",
    ]);
  });

  it("is forgotten with its target", async () => {
    const { read } = setUp();
    const before = await read(resiliency(policies, targets(target)));
    await fail(find(before));
    await fail(find(before));
    const without = await read(resiliency(policies, targets(other)), before);
    expect(find(without)).toBeUndefined();
    const back = await read(resiliency(policies, targets(target)), without);
    expect(find(back)?.breaker?.state).toBe("closed");
  });
});
