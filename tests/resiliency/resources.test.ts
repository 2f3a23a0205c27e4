import { describe, expect, it } from "vitest";
import * as yaml from "yaml";
import { nodePlatform } from "../../host/node/node-platform.ts";
import { Resiliency } from "../../host/resiliency/resiliency.ts";
import { parseResources } from "../../host/resources/parse-resources.ts";
import { tripTerms } from "../../host/resources/trip.ts";
import { cel } from "../../host/subscriptions/rules/cel.ts";
import { newCore } from "../core/core.ts";
import { resiliency } from "./controlled.ts";

const warnings: string[] = [];
const log = { debug() {}, info() {}, warn: (text: string) => warnings.push(text), error() {} };
const platform = nodePlatform(log);
const core = newCore();

/** As a runtime reads them. */
function read(text: string, rules = async () => cel as never) {
  const { resiliencies } = parseResources(text, "r.yaml", yaml);
  return Resiliency.of(resiliencies, { appId: "a", namespace: undefined, core, platform, rules });
}

describe("a Resiliency that makes no sense is refused by file, line and field", () => {
  it.each([
    ["timeouts: {t: soon}", "{}", /spec\.policies\.timeouts\.t must be a duration/],
    ["timeouts: {t: 0s}", "{}", /spec\.policies\.timeouts\.t must be a duration/],
    ["timeouts: {t: -1s}", "{}", /spec\.policies\.timeouts\.t must be a duration/],
    ["timeouts: [t]", "{}", /spec\.policies\.timeouts must be a mapping/],
    ["retries: {r: 5}", "{}", /spec\.policies\.retries\.r must be a mapping/],
    ["retries: {r: {policy: sometimes}}", "{}", /r\.policy must be constant or exponential/],
    ["retries: {r: {duration: soon}}", "{}", /r\.duration must be a duration/],
    ["retries: {r: {maxInterval: -1s}}", "{}", /r\.maxInterval must be a duration/],
    ["retries: {r: {maxRetries: few}}", "{}", /r\.maxRetries must be a whole number/],
    ["retries: {r: {maxRetries: 1.5}}", "{}", /r\.maxRetries must be a whole number/],
    ["retries: {r: {maxRetry: 3}}", "{}", /r\.maxRetry is not known here; expected policy, duration/],
    ["retries: {r: {matching: {httpStatusCodes: '99'}}}", "{}", /httpStatusCodes must be codes or ranges/],
    ["retries: {r: {matching: {httpStatusCodes: '500-400'}}}", "{}", /httpStatusCodes must be codes/],
    ["retries: {r: {matching: {httpStatusCodes: '4xx'}}}", "{}", /httpStatusCodes must be codes/],
    [
      "retries: {r: {matching: {gRPCStatusCodes: '17'}}}",
      "{}",
      /gRPCStatusCodes must be codes .* from 0 to 16/,
    ],
    ["retries: {r: {matching: {codes: '17'}}}", "{}", /matching\.codes is not known here/],
    ["circuitBreakers: {b: {maxRequests: -1}}", "{}", /b\.maxRequests must not be negative/],
    ["circuitBreakers: {b: {interval: x}}", "{}", /b\.interval must be a duration/],
    ["circuitBreakers: {b: {timeout: x}}", "{}", /b\.timeout must be a duration/],
    ["circuitBreakers: {b: {trip: 5}}", "{}", /b\.trip must be text/],
    ["circuitBreakers: {b: {trip: 'requests >'}}", "{}", /b\.trip is no condition/],
    ["circuitBreakers: {b: {trip: 'calls > 5'}}", "{}", /b\.trip is no condition/],
    ["circuitBreakers: {b: {trip: 'requests + 1'}}", "{}", undefined],
    ["limits: {}", "{}", /spec\.policies\.limits is not known here; expected timeouts, retries/],
    ["", "{app: {}}", /spec\.targets\.app is not known here; expected apps, actors, components/],
    [
      "",
      "{apps: {x: {timeout: t}}}",
      /apps\.x\.timeout names t, which spec\.policies\.timeouts does not have/,
    ],
    ["", "{apps: {x: {retries: r}}}", /apps\.x\.retries is not known here/],
    ["", "{apps: {x: {circuitBreakerCacheSize: -1}}}", /circuitBreakerCacheSize must not be negative/],
    [
      "",
      "{components: {x: {outbond: {}}}}",
      /components\.x\.outbond is not known here; expected inbound, outbound/,
    ],
    ["", "{components: {x: {inbound: {retry: r}}}}", /inbound\.retry names r, which spec\.policies\.retries/],
    [
      "circuitBreakers: {b: {}}",
      "{actors: {x: {circuitBreaker: b}}}",
      /circuitBreakerScope must be type, id or both/,
    ],
    ["", "{actors: {x: {circuitBreakerScope: all}}}", /circuitBreakerScope must be type, id or both/],
  ])("%s %s", async (policies, targets, message) => {
    const reading = (async () => await read(resiliency(`{${policies}}`, targets)))();
    if (message === undefined) return expect(await reading).toBeDefined();
    await expect(reading).rejects.toThrow(message);
    await expect(reading).rejects.toThrow(/^r\.yaml, document 1, line \d+: /);
  });

  it("where its targets are not under its spec, as a page of Dapr's documentation has them", () => {
    const text = `${resiliency("{}")}targets: {}\n`;
    expect(() => read(text)).toThrow(
      /targets is not known here; expected apiVersion, kind, metadata, spec, scopes/,
    );
  });

  it("where it needs the rule language, and the worker was composed without", async () => {
    const text = resiliency("{circuitBreakers: {b: {trip: 'totalFailures * 2 > requests'}}}");
    const { resiliencies } = parseResources(text, "r.yaml", yaml);
    const context = { appId: "a", namespace: undefined, core, platform, rules: undefined };
    await expect(Resiliency.of(resiliencies, context)).rejects.toThrow(
      /trip needs the rule language \(CEL\), which this worker was composed without/,
    );
  });
});

describe("what a Resiliency leaves out", () => {
  it("is Dapr's", async () => {
    const policies =
      "{retries: {r: {}, e: {policy: Exponential}}, circuitBreakers: {b: {}}, timeouts: {t: 250}}";
    const [one] = parseResources(resiliency(policies), "r.yaml", yaml).resiliencies;
    const every = {
      maxRetries: undefined,
      longestMs: 900_000,
      httpStatusCodes: undefined,
      grpcStatusCodes: undefined,
    };
    expect(one?.retries.get("r")).toEqual({ policy: "constant", intervalMs: 5_000, ...every });
    expect(one?.retries.get("e")).toEqual({ policy: "exponential", intervalMs: 60_000, ...every });
    expect(one?.circuitBreakers.get("b")).toEqual({
      maxRequests: 1,
      intervalMs: 0,
      timeoutMs: 60_000,
      trip: [{ counter: "consecutiveFailures", relation: ">", number: 5 }],
    });
    expect(one?.timeouts.get("t")).toBe(250);
  });
});

describe("built-in policies", () => {
  const waits = (policies: Resiliency, name: Parameters<Resiliency["builtIn"]>[0]) => {
    const found: number[] = [];
    for (let failures = 1; failures < 20; failures++) {
      const wait = policies.builtIn(name)(failures, 0);
      if (wait === undefined) break;
      found.push(wait);
    }
    return found;
  };

  it.each([
    ["DaprBuiltInServiceRetries", 3],
    ["DaprBuiltInActorRetries", 3],
    ["DaprBuiltInActorNotFoundRetries", 5],
  ] as const)("%s: %i retries, a second apart", async (name, times) => {
    expect(waits(await read(""), name)).toEqual(Array.from({ length: times }, () => 1_000));
  });

  it("DaprBuiltInInitializationRetries: three, about half a second apart", async () => {
    const found = waits(await read(""), "DaprBuiltInInitializationRetries");
    expect(found).toHaveLength(3);
    found.forEach((wait, i) => {
      expect(wait).toBeGreaterThanOrEqual([250, 375, 500][i] as number);
      expect(wait).toBeLessThan([750, 1_125, 1_500][i] as number);
    });
  });

  it("DaprBuiltInActorReminderRetries: for a quarter of an hour", async () => {
    const policies = await read("");
    const next = policies.builtIn("DaprBuiltInActorReminderRetries");
    expect([next(500, 800_000) === undefined, next(500, 900_000)]).toEqual([false, undefined]);
  });

  it("are overridden by their names, but for the one that is protected, which says so", async () => {
    warnings.length = 0;
    const policy = "{duration: 2s, maxRetries: 4}";
    const policies = await read(
      resiliency(
        `{retries: {DaprBuiltInActorRetries: ${policy}, DaprBuiltInActorNotFoundRetries: ${policy}}}`,
      ),
    );
    expect(waits(policies, "DaprBuiltInActorRetries")).toEqual([2_000, 2_000, 2_000, 2_000]);
    expect(waits(policies, "DaprBuiltInActorNotFoundRetries")).toEqual([1_000, 1_000, 1_000, 1_000, 1_000]);
    expect(warnings).toEqual([
      expect.stringContaining("DaprBuiltInActorNotFoundRetries cannot be overridden"),
    ]);
  });

  it("can be named by a target", async () => {
    const policies = await read(resiliency("{}", "{apps: {x: {retry: DaprBuiltInServiceRetries}}}"));
    expect(policies.app("x")?.endpoint("m").retry?.maxRetries).toBe(3);
  });
});

describe("conditions that the core decides", () => {
  const term = (counter: string, relation: string, number: number) => ({ counter, relation, number });

  it.each([
    ["consecutiveFailures > 5", [term("consecutiveFailures", ">", 5)]],
    ["totalFailures>=3", [term("totalFailures", ">=", 3)]],
    [
      " (requests > 10) && (totalFailures != 0) ",
      [term("requests", ">", 10), term("totalFailures", "!=", 0)],
    ],
    ["requests == 1 && totalSuccesses < 2 && consecutiveSuccesses <= 3", undefined],
  ])("%s", (expression, terms) => {
    if (terms === undefined) expect(tripTerms(expression)).toHaveLength(3);
    else expect(tripTerms(expression)).toEqual(terms);
  });

  it.each([
    "consecutiveFailures > 5 || requests > 2",
    "5 < consecutiveFailures",
    "failures > 5",
    "requests > 1.5",
    "requests > -1",
    "(requests > 1",
    "requests > 1)",
    "requests > 99999999999",
    "requests > 1 && requests > 2 && requests > 3 && requests > 4 && requests > 5",
    "!(requests > 1)",
    "",
  ])("leave %s to the rule language", (expression) => {
    expect(tripTerms(expression)).toBeUndefined();
  });
});
