import { afterEach, describe, expect, it } from "vitest";
import { inMemoryStore } from "../host/components/state/in-memory.ts";
import { FakeClock } from "../host/fake-clock.ts";
import { nodeCore } from "../host/node/core-module.ts";
import { givenResources } from "../host/node/given-components.ts";
import { webPlatform } from "../host/web-platform.ts";
import { silent } from "../tests/mesh/memory-sockets.ts";
import { samplesOf } from "../tests/telemetry/scrape.ts";
import { metrics } from "./metrics.ts";
import type { ServingPage } from "./page-channel.ts";
import { Sidecars } from "./sidecars.ts";

const scope = "https://site.test/shop/";
const own = `${scope}__daprlet/metrics`;
const started: Sidecars[] = [];
afterEach(async () => {
  await Promise.all(started.splice(0).map((sidecars) => sidecars.close()));
});

const configured = (spec: object) => `---
${JSON.stringify({ apiVersion: "dapr.io/v1alpha1", kind: "Configuration", metadata: { name: "c" }, spec: { metrics: spec } })}
`;
const store = `apiVersion: dapr.io/v1alpha1
kind: Component
metadata: { name: statestore }
spec: { type: state.in-memory, version: v1 }
`;

/** A scope with these apps, each of which answers 418. */
async function site(apps: Readonly<Record<string, string>>) {
  const platform = { ...webPlatform(silent), clock: new FakeClock() };
  const measured = metrics(scope, platform);
  const sidecars = new Sidecars({
    platform,
    core: nodeCore,
    registry: { state: [inMemoryStore] },
    rules: undefined,
    relays: { open: () => Promise.reject(new Error("no relay here")) },
    meters: measured.of,
    defaults: () => {
      throw new Error("all name their components");
    },
  });
  started.push(sidecars);
  for (const [appId, resources] of Object.entries(apps)) {
    const given = { appId, namespace: "default", resources: await givenResources(resources, "the test") };
    const app = await sidecars.register({ ...given, ports: [], strict: false, relay: undefined }, true);
    const invoke: ServingPage["invoke"] = async () => ({ status: 418, headers: [], body: undefined });
    app.channel.add({ open: true, awake: true, invoke }, []);
    await app.runtime();
  }
  return {
    ask: async (appId: string, path: string) =>
      await sidecars.handle(sidecars.app(appId), {
        ...{ method: "GET", path, query: "", headers: [], body: undefined },
      }),
    scrape: (url: string, method = "GET") => measured.scrape({ url, method }),
    text: async () => (await (await measured.scrape({ url: own, method: "GET" }))?.text()) ?? "",
  };
}

describe("metrics of a page", () => {
  it("are Node's by name, of all apps of the scope, each metric once", async () => {
    const { ask, text } = await site({ shop: store, town: store });
    await ask("shop", "/v1.0/state/statestore/secret");
    await ask("shop", "/v1.0/invoke/shop/method/tea");
    await ask("town", "/v1.0/state/none/k");
    const expected = {
      'dapr_http_server_request_count{app_id="shop",method="GET",path="/v1.0/state/statestore",status="204"}': 1,
      'dapr_http_server_request_count{app_id="town",method="GET",path="/v1.0/state/none",status="400"}': 1,
      'dapr_http_client_completed_count{app_id="shop",method="GET",path="/tea",status="418"}': 1,
      'dapr_component_state_count{app_id="shop",component="statestore",namespace="default",operation="get",success="true"}': 1,
      'dapr_runtime_component_loaded{app_id="town"}': 1,
    };
    const found = samplesOf(await text());
    expect(Object.fromEntries(Object.keys(expected).map((name) => [name, found.get(name)]))).toEqual(
      expected,
    );
    expect([...found.keys()].filter((name) => name.includes("secret"))).toEqual([]);
    const types = (await text()).match(/^# TYPE \S+/gm) ?? [];
    expect(new Set(types).size).toBe(types.length);
  });

  it("are bounded, and rest where a Configuration turns them off", async () => {
    const { ask, text } = await site({
      shop: store,
      quiet: store + configured({ enabled: false }),
      vague: store + configured({ http: { increasedCardinality: false } }),
    });
    for (let i = 0; i < 600; i++) await ask("shop", `/v1.0/invoke/shop/method/${i}`);
    for (const app of ["quiet", "vague"]) await ask(app, "/v1.0/state/statestore/k");
    const lines = (await text()).split("\n");
    const counted = (app: string) =>
      lines.filter((line) => line.startsWith("dapr_http_server_request_count{") && line.includes(`"${app}"`));
    expect(counted("shop")).toHaveLength(501);
    expect(counted("shop").at(-1)).toContain('path="other"');
    expect(lines.filter((line) => line.includes('"quiet"'))).toEqual([]);
    expect(counted("vague")).toEqual([expect.stringContaining('path=""')]);
  });

  it.each([
    [own, true],
    ["http://localhost:9090/metrics", true],
    ["http://127.0.0.1:9090/metrics", true],
    [`${scope}metrics`, false],
    ["https://site.test/__daprlet/metrics", false],
    ["http://localhost:9090/api/v1/query", false],
    ["http://localhost:3500/metrics", false],
    ["http://elsewhere.test:9090/metrics", false],
  ])("are at %s: %s", async (url, there) => {
    const { scrape } = await site({});
    expect(scrape(url) !== undefined).toBe(there);
    if (!there) return;
    const read = await scrape(url);
    expect([read?.status, read?.headers.get("content-type"), await read?.text()]).toEqual([
      200,
      "text/plain; version=0.0.4; charset=utf-8",
      "",
    ]);
    expect((await scrape(url, "HEAD"))?.status).toBe(200);
    expect((await scrape(url, "POST"))?.status).toBe(405);
  });
});
