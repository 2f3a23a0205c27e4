import { afterEach, describe, expect, it } from "vitest";
import { encodeMessage, messageKind, textField } from "../../host/capability/message.ts";
import { type NodeSidecar, startSidecar } from "../../host/node/start-sidecar.ts";
import { scrape } from "../telemetry/scrape.ts";
import { exporterYaml, silent, tracingYaml } from "../tracing/chain.ts";
import { type Collector, startCollector } from "../tracing/collector.ts";
import { data, fixed, guest, saying, watPackage } from "./wat-package.ts";

let collector: Collector | undefined;
let sidecar: NodeSidecar | undefined;
afterEach(async () => {
  await sidecar?.stop();
  await collector?.close();
});

const call = (...pairs: readonly (readonly [string, string])[]) =>
  pairs.map(([name, value]) => textField(name, value));
const done = encodeMessage({ kind: messageKind.answer, fields: [textField(":status", "201")] });
/** Asks for a key that it was granted, for an app that it was not, and for a call that there is none. */
const asking = encodeMessage({
  kind: messageKind.calls,
  fields: [
    ...call([":call", "state.get"], ["store", "statestore"], ["key", "k"]),
    ...call([":call", "invoke"], ["app", "shop"], ["method", "m"]),
    ...call([":call", "state.explode"]),
  ],
});
const asker = watPackage(
  "asker",
  saying(asking, {
    resume: fixed(done).replace("1024", "2048"),
    more: `(data (i32.const 2048) ${data(done)})`,
  }),
  { needs: { state: [{ store: "statestore", access: "read" }] } },
);
const trapper = watPackage("trapper", guest({ handle: "unreachable" }));

describe("what packages do is counted and traced", () => {
  it("per package, by what became of it, with what each asked of its host", async () => {
    collector = await startCollector();
    sidecar = await startSidecar({
      appId: "shop",
      metrics: {},
      log: silent,
      components: `${tracingYaml("1")}${exporterYaml("zipkin", { exporterAddress: `${collector.url}/api/v2/spans` })}
---
apiVersion: dapr.io/v1alpha1
kind: Component
metadata: { name: statestore }
spec: { type: state.in-memory, version: v1 }`,
      capabilities: { packages: [asker, trapper], grants: { asker: "all" } },
    });
    const run = (name: string) => fetch(`${sidecar?.url}/v1.0/capabilities/${name}/run`, { method: "POST" });
    expect([(await run("asker")).status, (await run("trapper")).status]).toEqual([201, 502]);

    const metrics = await scrape(sidecar.metricsPort ?? 0);
    const of = (name: string, labels: string) =>
      metrics.get(`dapr_capability_${name}{app_id="shop",${labels}}`);
    const called = (name: string, result: string) =>
      of("call_count", `capability="${name}",namespace="",result="${result}"`);
    expect([called("asker", "answered"), called("trapper", "trap"), called("trapper", "answered")]).toEqual([
      1,
      1,
      undefined,
    ]);
    const asked = (name: string, result: string) =>
      of("host_call_count", `call="${name}",capability="asker",namespace="",result="${result}"`);
    expect([asked("state.get", "answered"), asked("invoke", "refused"), asked("unknown", "failed")]).toEqual([
      1, 1, 1,
    ]);
    expect(of("instances", 'capability="asker",namespace="",state="idle"')).toBe(1);
    expect(of("instances", 'capability="trapper",namespace="",state="idle"')).toBe(0);

    await sidecar.stop();
    const spans = collector.spans();
    const [api, own, trapped] = [
      "/v1.0/capabilities/asker/run",
      "capability/asker/run",
      "capability/trapper/run",
    ].map((name) => spans.find((span) => span.name.toLowerCase() === name));
    expect(own).toMatchObject({ kind: "SERVER", parentId: api?.id, traceId: api?.traceId });
    expect(own?.tags["daprlet.capability"]).toBe("asker");
    expect(trapped?.tags.error).toMatch(/trapped/);
    // What it asked of its host is within its call.
    const read = spans.find(({ tags }) => tags["dapr.api"]?.startsWith("GET /v1.0/state/statestore/"));
    expect(read?.parentId).toBe(own?.id);
  });
});
