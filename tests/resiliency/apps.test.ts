import { describe, expect, it } from "vitest";
import type { Transport } from "../../host/mesh/transport.ts";
import { UnavailableError } from "../../host/mesh/transport.ts";
import { createRuntime } from "../../host/node/index.ts";
import { resiliency } from "./controlled.ts";

type Does = number | "hangs" | "stalls";

/** A sidecar whose app `a` does as it is told, one call after the other; the last goes on. */
async function started(yamls: string, script: readonly Does[], transports: readonly Transport[] = []) {
  const calls: { at: number; path: string; body: string }[] = [];
  const runtime = await createRuntime({
    appId: "a",
    components: yamls.replace(/^---\n/, ""),
    transports,
    async app(request) {
      const { pathname } = new URL(request.url);
      if (pathname.startsWith("/dapr/")) return new Response(null, { status: 404 });
      const at = runtime.sidecar.platform.clock.now() - began;
      calls.push({ at, path: pathname, body: await request.text() });
      const does = script[Math.min(calls.length, script.length) - 1] as Does;
      if (does === "hangs") return new Promise<Response>(() => undefined);
      if (does === "stalls") {
        const body = new ReadableStream({ start: (c) => c.enqueue(new TextEncoder().encode("begun")) });
        return new Response(body);
      }
      return new Response(does === 204 || does === 304 ? null : `answer ${calls.length}`, {
        status: does,
        headers: { "x-n": `${calls.length}` },
      });
    },
  });
  const began = runtime.sidecar.platform.clock.now();
  const call = async (path: string, ms = 0, init: RequestInit = {}) => {
    const answer = runtime.fetch(path.startsWith("/") ? path : `/v1.0/invoke/a/method/${path}`, init);
    await runtime.advance(ms);
    const response = await answer;
    return { status: response.status, body: await response.text(), n: response.headers.get("x-n") };
  };
  return { runtime, calls, call, times: () => calls.map(({ at }) => at) };
}

const thrice = "{retries: {thrice: {duration: 1s, maxRetries: 3}}";
const retried = resiliency(`${thrice}}`, "{apps: {a: {retry: thrice}}}");
const breaker = "circuitBreakers: {b: {timeout: 30s, trip: consecutiveFailures >= 3}}";
const broken = "failed to invoke, id: a, err: circuit breaker is open";

describe("calls of an app", () => {
  it.each([500, 503, 404, 400, 429])(
    "that it answers %i are made again, and the last answer passes",
    async (status) => {
      const on = await started(retried, [status]);
      const { n, ...answer } = await on.call("m", 9_000, { method: "POST", body: "hello" });
      expect([answer, n]).toEqual([{ status, body: "answer 4" }, "4"]);
      expect(on.calls.map(({ at, body }) => [at, body])).toEqual(
        [0, 1_000, 2_000, 3_000].map((at) => [at, "hello"]),
      );
      await on.runtime.stop();
    },
  );

  it.each([200, 204, 302, 304])("that it answers %i are not", async (status) => {
    const on = await started(retried, [status]);
    expect((await on.call("m", 9_000)).status).toBe(status);
    expect(on.calls).toHaveLength(1);
    await on.runtime.stop();
  });

  it.each([
    [503, 4],
    [550, 4],
    [560, 4],
    [500, 1],
    [549, 1],
  ])("that it answers %i are made %i times where the codes are 503 and 550 to 560", async (status, times) => {
    const matching = "matching: {httpStatusCodes: '503,550-560', gRPCStatusCodes: '14'}";
    const yamls = resiliency(
      `{retries: {r: {duration: 1s, maxRetries: 3, ${matching}}}}`,
      "{apps: {a: {retry: r}}}",
    );
    const on = await started(yamls, [status]);
    expect((await on.call("m", 9_000)).status).toBe(status);
    expect(on.calls).toHaveLength(times);
    await on.runtime.stop();
  });

  it("that come in pieces are made once: there is nothing to send again", async () => {
    const on = await started(retried, [500, 200]);
    const headers = { "transfer-encoding": "chunked" };
    expect((await on.call("m", 9_000, { method: "POST", body: "x", headers })).status).toBe(500);
    await on.runtime.stop();
  });

  it("wait longer each time by an exponential policy", async () => {
    const yamls = resiliency(
      "{retries: {r: {policy: exponential, maxInterval: 2s, maxRetries: 6}}}",
      "{apps: {a: {retry: r}}}",
    );
    const on = await started(yamls, [500]);
    await on.call("m", 60_000);
    const waits = on
      .times()
      .slice(1)
      .map((at, i) => at - (on.times()[i] as number));
    const means = [500, 750, 1_125, 1_687.5, 2_000, 2_000];
    expect(waits).toHaveLength(means.length);
    waits.forEach((wait, i) => {
      expect(wait).toBeGreaterThanOrEqual((means[i] as number) / 2);
      expect(wait).toBeLessThan((means[i] as number) * 1.5);
    });
    await on.runtime.stop();
  });

  it("end once their timeout is over, each attempt for itself", async () => {
    const yamls = resiliency(
      `${thrice}, timeouts: {fast: 200ms}}`,
      "{apps: {a: {retry: thrice, timeout: fast}}}",
    );
    const on = await started(yamls, ["hangs"]);
    const { status, body } = await on.call("m", 9_000);
    expect(on.times()).toEqual([0, 1_200, 2_400, 3_600]);
    expect(status).toBe(500);
    expect(JSON.parse(body)).toEqual({
      errorCode: "ERR_DIRECT_INVOKE",
      message:
        "failed to invoke, id: a, err: app a did not answer within 200 ms, the timeout of its Resiliency; what it was asked for may have been done",
    });
    await on.runtime.stop();
  });

  it("are cut off in the middle of an answer when it is, and not after its end", async () => {
    const yamls = resiliency("{timeouts: {fast: 200ms}}", "{apps: {a: {timeout: fast}}}");
    const on = await started(yamls, ["stalls", 200]);
    const response = await on.runtime.fetch("/v1.0/invoke/a/method/m");
    const text = response.text().catch((error: Error) => error.message);
    await on.runtime.advance(200);
    expect(await text).toContain("did not answer within 200 ms");
    expect((await on.call("m")).body).toBe("answer 2");
    expect(on.runtime.sidecar.platform.clock).toMatchObject({ pending: 0 });
    await on.runtime.stop();
  });

  it("end when their caller goes away, which no circuit breaker counts", async () => {
    const yamls = resiliency(`{${breaker}}`, "{apps: {a: {circuitBreaker: b}}}");
    const on = await started(yamls, ["hangs", "hangs", "hangs", 200]);
    for (let i = 0; i < 3; i++) {
      const caller = new AbortController();
      const answer = on.runtime.fetch("/v1.0/invoke/a/method/m", { signal: caller.signal });
      await on.runtime.advance(1);
      caller.abort();
      expect((await Promise.race([answer, on.runtime.advance(5).then(() => undefined)]))?.status ?? 500).toBe(
        500,
      );
    }
    expect((await on.call("m")).status).toBe(200);
    await on.runtime.stop();
  });

  it("do not reach it while the circuit breaker of their endpoint is open", async () => {
    const yamls = resiliency(`{${breaker}}`, "{apps: {a: {circuitBreaker: b}}}");
    const on = await started(yamls, [500, 500, 404, 200]);
    for (let i = 1; i <= 3; i++) expect((await on.call("m")).body).toBe(`answer ${i}`);
    const { status, body } = await on.call("m");
    expect([status, JSON.parse(body)]).toEqual([500, { errorCode: "ERR_DIRECT_INVOKE", message: broken }]);
    expect((await on.call("other")).status).toBe(200);
    await on.runtime.advance(30_000);
    expect((await on.call("m")).status).toBe(500);
    await on.runtime.advance(1);
    expect((await on.call("m")).status).toBe(200);
    expect(on.calls).toHaveLength(5);
    await on.runtime.stop();
  });

  it("are tried again around the circuit breaker, whose opening ends them", async () => {
    const yamls = resiliency(
      `{retries: {many: {duration: 1s, maxRetries: 9}}, ${breaker}}`,
      "{apps: {a: {retry: many, circuitBreaker: b}}}",
    );
    const on = await started(yamls, [500]);
    expect(JSON.parse((await on.call("m", 20_000)).body).message).toBe(broken);
    expect(on.times()).toEqual([0, 1_000, 2_000]);
    await on.runtime.stop();
  });

  it("have so many circuit breakers as circuitBreakerCacheSize says: the one that was not asked for longest ends", async () => {
    const yamls = resiliency(
      "{circuitBreakers: {b: {trip: totalFailures > 0}}}",
      "{apps: {a: {circuitBreaker: b, circuitBreakerCacheSize: 2}}}",
    );
    const on = await started(yamls, [500]);
    const reached = async (path: string) => {
      const before = on.calls.length;
      await on.call(path);
      return on.calls.length > before;
    };
    const seen = [];
    for (const path of ["one", "two", "one", "three", "one", "two"]) seen.push(await reached(path));
    expect(seen).toEqual([true, true, false, true, false, true]);
    await on.runtime.stop();
  });

  it.each(["DefaultAppRetryPolicy", "DefaultRetryPolicy"])("are made again by %s", async (name) => {
    const on = await started(resiliency(`{retries: {${name}: {duration: 1s, maxRetries: 2}}}`), [500]);
    await on.call("m", 9_000);
    expect(on.calls).toHaveLength(3);
    await on.runtime.stop();
  });

  it.each(["DefaultAppTimeoutPolicy", "DefaultTimeoutPolicy"])("end by %s", async (name) => {
    const on = await started(resiliency(`{timeouts: {${name}: 1s}}`), ["hangs"]);
    expect((await on.call("m", 1_000)).status).toBe(500);
    await on.runtime.stop();
  });

  it.each(["DefaultAppCircuitBreakerPolicy", "DefaultCircuitBreakerPolicy"])(
    "are stopped by %s",
    async (name) => {
      const on = await started(resiliency(`{circuitBreakers: {${name}: {trip: requests >= 1}}}`), [500]);
      await on.call("m");
      await on.call("m");
      expect(on.calls).toHaveLength(1);
      await on.runtime.stop();
    },
  );

  it("take no default where a target names the app", async () => {
    const on = await started(
      resiliency("{retries: {DefaultRetryPolicy: {duration: 1s, maxRetries: 2}}}", "{apps: {a: {}}}"),
      [500],
    );
    await on.call("m", 9_000);
    expect(on.calls).toHaveLength(1);
    await on.runtime.stop();
  });
});

describe("calls of another app that cannot be reached", () => {
  const gone = () => {
    const calls: string[] = [];
    const transport: Transport = {
      name: "a test",
      join: async () => undefined,
      instances: async () => [
        {
          id: "one",
          invoke: async () => {
            calls.push("");
            throw new UnavailableError("gone", { sent: false });
          },
        },
      ],
      suspect: () => undefined,
      close: async () => undefined,
    } as never;
    return { calls, transport };
  };
  const ofBuiltIn = (policy: string) => resiliency(`{retries: {DaprBuiltInServiceRetries: ${policy}}}`);

  it.each([
    ["by Dapr's built-in retries", "", 4, 3_000],
    ["by those that override them", ofBuiltIn("{duration: 100ms, maxRetries: 5}"), 6, 500],
    ["three times at least", ofBuiltIn("{duration: 100ms, maxRetries: 1}"), 4, 300],
    ["not without end", ofBuiltIn("{duration: 100ms, maxRetries: -1}"), 4, 300],
    [
      "by both where a default holds",
      resiliency("{retries: {DefaultAppRetryPolicy: {duration: 0s, maxRetries: 1}}}"),
      8,
      6_000,
    ],
    [
      "by its own where a target names it",
      resiliency(`${thrice}}`, "{apps: {b: {retry: thrice}}}"),
      4,
      3_000,
    ],
    ["not at all where that has no retries", resiliency("{}", "{apps: {b: {}}}"), 1, 0],
  ])("are made again %s", async (_, yamls, times, ms) => {
    const { calls, transport } = gone();
    const on = await started(yamls, [200], [transport]);
    const answer = on.runtime.fetch("/v1.0/invoke/b/method/m");
    await on.runtime.advance(ms);
    expect((await answer).status).toBe(500);
    expect(calls).toHaveLength(times);
    await on.runtime.stop();
  });
});

describe("policies of actors, for when there are any", () => {
  const policies =
    "{timeouts: {t: 1s}, retries: {r: {duration: 1s, maxRetries: 2}}, circuitBreakers: {b: {trip: requests > 0}}}";
  const of = async (target: string) => {
    const on = await started(resiliency(policies, target), [200]);
    const actor = on.runtime.sidecar.resiliency.actor("cat");
    await on.runtime.stop();
    return actor;
  };

  it.each([
    ["type", true],
    ["id", false],
    ["both", false],
  ])("of scope %s: one circuit breaker for all is %s", async (scope, shared) => {
    const actor = await of(
      `{actors: {cat: {timeout: t, retry: r, circuitBreaker: b, circuitBreakerScope: ${scope}}}}`,
    );
    expect(actor?.waiting("1").breaker === actor?.waiting("2").breaker).toBe(shared);
    expect([actor?.waiting("1").timeoutMs, actor?.waiting("1").retry?.maxRetries]).toEqual([undefined, 2]);
    expect([actor?.turn?.timeoutMs, actor?.turn?.retry]).toEqual([1_000, undefined]);
  });

  it("are none where none is named", async () => {
    expect(await of("{actors: {dog: {timeout: t}}}")).toBeUndefined();
  });
});
