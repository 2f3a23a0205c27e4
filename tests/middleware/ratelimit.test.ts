import { afterEach, describe, expect, it } from "vitest";
import { FakeClock } from "../../host/fake-clock.ts";
import { createRuntime, type LocalRuntime } from "../../host/node/index.ts";
import { type Metadata, subscribesToNothing, yaml } from "./sidecar.ts";

let runtime: LocalRuntime | undefined;
afterEach(() => runtime?.stop());

const clock = new FakeClock();

async function start(
  metadata: Metadata,
  app?: (request: Request) => Promise<Response>,
): Promise<LocalRuntime> {
  const components = yaml([{ name: "limit", type: "ratelimit", metadata }], ["limit"]);
  runtime = await createRuntime({
    appId: "shop",
    components,
    clock,
    ...(app && { app: subscribesToNothing(app) }),
  });
  return runtime;
}

const status = async (sidecar: LocalRuntime, path: string, init?: RequestInit) =>
  (await sidecar.fetch(path, init)).status;

/** As a host hands it in that sees its callers' addresses. */
async function from(sidecar: LocalRuntime, remoteAddress: string, headers: readonly string[] = []) {
  const request = {
    method: "GET",
    path: "/v1.0/healthz",
    query: "",
    headers,
    body: undefined,
    remoteAddress,
  };
  const answer = await sidecar.handle(request);
  const address = answer.headers[answer.headers.indexOf("x-rate-limit-request-remote-addr") + 1];
  return [answer.status, address];
}

describe("requests", () => {
  it("pass again when their time has come, and not before", async () => {
    const sidecar = await start({ maxRequestsPerSecond: "2" });
    const seen: number[] = [];
    for (const wait of [0, 0, 0, 499, 1, 0, 5000, 0, 0]) {
      await clock.advance(wait);
      seen.push(await status(sidecar, "/v1.0/healthz"));
    }
    expect(seen).toEqual([204, 204, 429, 429, 204, 429, 204, 204, 429]);
  });

  it("are 100 in a second where nobody says how many", async () => {
    const sidecar = await start({});
    const answer = await sidecar.fetch("/v1.0/healthz");
    expect(answer.headers.get("x-rate-limit-limit")).toBe("100.00");
    expect(answer.headers.get("ratelimit-remaining")).toBe("99");
  });

  it("of one path are counted together however it is spelled", async () => {
    const sidecar = await start({ maxRequestsPerSecond: "1" });
    const paths = [
      "/v1.0/healthz",
      "/v1.0//healthz",
      "/v1.0/./healthz",
      "/v1.0/x/../healthz",
      "/v1.0/%68ealthz",
    ];
    const seen: number[] = [];
    for (const path of paths) seen.push(await status(sidecar, path));
    expect(seen).toEqual([204, 429, 429, 429, 429]);
    expect(await status(sidecar, "/v1.0/metadata")).toBe(200);
    const long = `/v1.0/state/statestore/${"k".repeat(4000)}`;
    expect([await status(sidecar, long), await status(sidecar, long)]).toEqual([204, 429]);
    expect(await status(sidecar, `${long}2`)).toBe(204);
    expect([await status(sidecar, "/%ff1"), await status(sidecar, "/%ff2")]).toEqual([400, 429]);
  });

  it("of one client are counted together where asked for", async () => {
    const sidecar = await start({ maxRequestsPerSecond: "1", perPath: "false" });
    expect(await status(sidecar, "/v1.0/healthz")).toBe(204);
    expect(await status(sidecar, "/v1.0/metadata")).toBe(429);
  });

  it("are told apart by address, and by what is forwarded unless that is not trusted", async () => {
    const sidecar = await start({ maxRequestsPerSecond: "1" });
    expect(await from(sidecar, "192.0.2.1")).toEqual([204, "192.0.2.1"]);
    expect(await from(sidecar, "::ffff:192.0.2.1")).toEqual([429, "::ffff:192.0.2.1"]);
    expect(await from(sidecar, "192.0.2.2")).toEqual([204, "192.0.2.2"]);
    expect(await from(sidecar, "2001:db8::1")).toEqual([204, "2001:db8::1"]);
    expect(await from(sidecar, "2001:DB8:0:0:ff::2")).toEqual([429, "2001:DB8:0:0:ff::2"]);
    expect(await from(sidecar, "192.0.2.1", ["x-real-ip", "192.0.2.9"])).toEqual([204, "192.0.2.1"]);
    expect((await from(sidecar, "", ["x-forwarded-for", "198.51.100.1, 192.0.2.50"]))[0]).toBe(204);
    expect((await from(sidecar, "", ["x-forwarded-for", "198.51.100.2, 192.0.2.50"]))[0]).toBe(429);
    const long = `x${"y".repeat(4000)}`;
    expect((await from(sidecar, "192.0.2.1", ["x-forwarded-for", long]))[0]).toBe(204);
    expect((await from(sidecar, "192.0.2.1", ["x-forwarded-for", long]))[0]).toBe(429);
    await sidecar.stop();
    const strict = await start({ maxRequestsPerSecond: "1", trustForwardedFor: "false" });
    expect((await from(strict, "192.0.2.1", ["x-forwarded-for", "1.1.1.1"]))[0]).toBe(204);
    expect((await from(strict, "192.0.2.1", ["x-forwarded-for", "1.1.1.2"]))[0]).toBe(429);
    expect((await from(strict, "192.0.2.1", ["x-real-ip", "1.1.1.3"]))[0]).toBe(429);
  });

  it("with Authorization pass where only the others are limited", async () => {
    const sidecar = await start({ maxRequestsPerSecond: "1", onlyWithoutAuthorization: "true" });
    const headers = { authorization: "Bearer t" };
    for (let i = 0; i < 5; i++) expect(await status(sidecar, "/v1.0/healthz", { headers })).toBe(204);
    expect(await status(sidecar, "/v1.0/healthz")).toBe(204);
    expect(await status(sidecar, "/v1.0/healthz")).toBe(429);
  });
});

describe("bytes", () => {
  const invoke = "/v1.0/invoke/shop/method/x";
  const read = async (request: Request) => new Response(String((await request.arrayBuffer()).byteLength));
  const post = (body: BodyInit, headers = {}): RequestInit => ({ method: "POST", body, headers });

  it("of a message are charged, and what is owed has to flow in first", async () => {
    const sidecar = await start({ maxBytesPerSecond: "1000" }, read);
    const large = await sidecar.fetch(invoke, post(new Uint8Array(2500)));
    expect(await large.text()).toBe("2500");
    expect(large.headers.get("x-rate-limit-limit")).toBe("1000.00");
    const refused = await sidecar.fetch(invoke, post(new Uint8Array(1)));
    expect([refused.status, refused.headers.get("ratelimit-reset")]).toEqual([429, "2"]);
    await clock.advance(1500);
    expect(await status(sidecar, invoke, post(new Uint8Array(1)))).toBe(429);
    await clock.advance(1);
    expect(await status(sidecar, invoke, post(new Uint8Array(1)))).toBe(200);
  });

  it("of a stream are charged as they flow", async () => {
    const sidecar = await start({ maxBytesPerSecond: "10" }, read);
    const stream = () =>
      new ReadableStream<Uint8Array>({
        start(controller) {
          for (let i = 0; i < 3; i++) controller.enqueue(new Uint8Array(10));
          controller.close();
        },
      });
    const answer = await sidecar.fetch(invoke, { ...post(stream()), duplex: "half" } as RequestInit);
    expect(await answer.text()).toBe("30");
    expect(await status(sidecar, invoke)).toBe(429);
    await clock.advance(2001);
    expect(await status(sidecar, invoke)).toBe(200);
  });

  it("and requests are both limited where both are given", async () => {
    const sidecar = await start({ maxBytesPerSecond: "1000", maxRequestsPerSecond: "1" }, read);
    expect(await status(sidecar, invoke)).toBe(200);
    expect(await status(sidecar, invoke)).toBe(429);
  });
});

it.each(["0", "-1", "abc", "", "Infinity"])("a limit of %j does not open", async (maxRequestsPerSecond) => {
  await expect(start({ maxRequestsPerSecond })).rejects.toThrow(
    "component limit: metadata field maxRequestsPerSecond: expected a number greater than 0",
  );
});
