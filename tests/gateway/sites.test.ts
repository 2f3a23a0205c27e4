import { afterAll, beforeAll, expect, it } from "vitest";
import { freePorts } from "../hosts/free-ports.ts";
import { startTarget, type Target } from "../hosts/target.ts";
import { type Gateway, startGateway } from "../hosts/wasmtime-host.ts";
import { appRow } from "./gateway-table.ts";
import { plainUpstream, portOf, type Seen, sidecarUpstream, underWasmtime } from "./gateways.ts";

/** Three places: the inner one has the app, the outer one knows the inner one, and both lead back to each other. */
underWasmtime("sites behind gateways", () => {
  let target: Target;
  let own: Gateway;
  let outer: Gateway;
  let inner: Gateway;

  beforeAll(async () => {
    target = await startTarget();
    const [ownPort, outerPort, innerPort] = (await freePorts(3)) as [number, number, number];
    const service = appRow("service-1", [plainUpstream(portOf(target.url))]);
    [inner, outer, own] = await Promise.all([
      startGateway(
        { appId: "inner", apps: [service], sites: [appRow("back", [sidecarUpstream(outerPort)])] },
        { port: innerPort },
      ),
      startGateway(
        {
          appId: "outer",
          apps: [service],
          sites: [appRow("inner", [sidecarUpstream(innerPort)]), appRow("*", [sidecarUpstream(ownPort)])],
        },
        { port: outerPort },
      ),
      startGateway(
        {
          apps: [appRow("local", [plainUpstream(portOf(target.url))])],
          sites: [
            appRow("cluster1", [sidecarUpstream(outerPort)]),
            appRow("dead.cluster1", [sidecarUpstream(1)]),
            appRow("ring", [sidecarUpstream(outerPort)]),
          ],
        },
        { port: ownPort },
      ),
    ]);
  }, 30_000);
  afterAll(async () => {
    await Promise.all([own, outer, inner].map((gateway) => gateway?.stop()));
    await target?.close();
  });

  it.each(["service-1.cluster1/foo", "service-1.cluster1/method/foo"])(
    "calls %s, with the site cut off",
    async (path) => {
      const before = target.reached.length;
      const answer = await own.fetch(`/v1.0/invoke/${path}`, { method: "POST", body: "{}" });
      expect(answer.status).toBe(200);
      expect(target.reached.slice(before)).toMatchObject([{ method: "POST", uri: "/foo", body: "{}" }]);
    },
  );

  it("goes on from site to site", async () => {
    const answer = await own.fetch("/v1.0/invoke/service-1.inner.cluster1/method/foo");
    const { headers } = answer.json as Seen;
    expect(headers["dapr-caller-app-id"]).toBe("inner");
    expect(headers.via?.split(",")).toHaveLength(3);
  });

  it("takes the longest site that is known", async () => {
    const answer = await own.fetch("/v1.0/invoke/service-1.dead.cluster1/method/foo");
    expect([answer.status, answer.errorCode]).toEqual([500, "ERR_DIRECT_INVOKE"]);
    expect(answer.message).toContain("refused the connection");
  });

  it("asks no gateway for an app that is here", async () => {
    expect((await own.fetch("/v1.0/invoke/local/method/foo")).status).toBe(200);
    expect((await own.fetch("/v1.0/invoke/local.default/method/foo")).status).toBe(200);
  });

  it("names a site that it does not know", async () => {
    for (const form of ["method/foo", "foo"]) {
      const answer = await own.fetch(`/v1.0/invoke/service-1.nowhere/${form}`);
      expect(answer.errorCode).toBe("ERR_DIRECT_INVOKE");
      if (form === "method/foo")
        expect([answer.status, answer.message]).toEqual([500, expect.stringContaining("service-1.nowhere")]);
      else expect(answer.status).toBe(404);
    }
  });

  it("refuses a call that comes back", async () => {
    const answer = await own.fetch("/v1.0/invoke/nobody.ring.ring/method/foo");
    expect([answer.status, answer.errorCode]).toEqual([508, "ERR_DIRECT_INVOKE"]);
  });
});
