import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type NodeSidecar, startSidecar } from "../../host/node/start-sidecar.ts";
import { exporterYaml, tracingYaml } from "./chain.ts";
import { type Collector, startCollector } from "./collector.ts";

const caller = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

let collector: Collector;
let folder: string;
const open: NodeSidecar[] = [];
beforeEach(async () => {
  collector = await startCollector();
  folder = mkdtempSync(join(tmpdir(), "dat-"));
});
const stop = () => Promise.all(open.splice(0).map((sidecar) => sidecar.stop()));
afterEach(async () => {
  await stop();
  await collector.close();
  rmSync(folder, { recursive: true });
});

/** Of an app that hosts `Cat`, and one beside it; what is asked of cats is noted. */
async function start(samplingRate: string) {
  const seen: (string | null)[] = [];
  const exporter = exporterYaml("zipkin", { exporterAddress: `${collector.url}/api/v2/spans` });
  const sidecar = async (appId: string, app: (request: Request) => Response) => {
    const made = await startSidecar({
      appId,
      app,
      machineFolder: folder,
      logLevel: "error",
      components: `${tracingYaml(samplingRate)}${exporter}
---
apiVersion: dapr.io/v1alpha1
kind: Component
metadata: { name: statestore }
spec: { type: state.in-memory, version: v1, metadata: [{ name: actorStateStore, value: "true" }] }
`,
    });
    open.push(made);
    await made.runtime.appReady;
    return made;
  };
  await sidecar("cats", ({ url, headers }) => {
    if (url.endsWith("/dapr/config")) return Response.json({ entities: ["Cat"] });
    if (!url.includes("/actors/")) return new Response(null, { status: 404 });
    seen.push(headers.get("traceparent"));
    return new Response("1", { status: url.endsWith("/fails") ? 500 : 200 });
  });
  const { url } = await sidecar("dogs", () => new Response(null, { status: 404 }));
  const call = async (path: string) =>
    (
      await fetch(`${url}/v1.0/actors/Cat/1/${path}`, {
        method: "POST",
        body: '{"dueTime":"1h"}',
        headers: { traceparent: caller },
      })
    ).status;
  return { seen, call };
}

describe("a call of an actor that another instance owns", () => {
  it("is a hop of its trace on both sides, and the app sees the last of them", async () => {
    const { seen, call } = await start("1");
    expect([await call("method/purr"), await call("method/fails")]).toEqual([200, 500]);
    await stop();
    const spans = collector.spans();
    for (const [i, [method, status]] of [
      ["purr", "200"],
      ["fails", "500"],
    ].entries()) {
      const path = `/v1.0/actors/Cat/1/method/${method}`;
      const sent = spans.find(({ name }) => name === path);
      expect(sent).toMatchObject({ parentId: "b7ad6b7169203331", localEndpoint: { serviceName: "dogs" } });
      const received = spans.find(({ name }) => name === `CallActor/Cat/${method}`);
      expect(received).toMatchObject({
        parentId: sent?.id,
        kind: "SERVER",
        localEndpoint: { serviceName: "cats" },
        remoteEndpoint: { serviceName: "dogs" },
        tags: { "dapr.actor": "Cat.1", "dapr.status_code": status },
      });
      expect(seen[i]).toBe(`00-0af7651916cd43dd8448eb211c80319c-${received?.id}-01`);
    }
    expect(spans).toHaveLength(4);
  });

  it("keeps its caller's trace where nothing is traced", async () => {
    const { seen, call } = await start("0");
    expect(await call("method/purr")).toBe(200);
    expect(seen).toEqual([caller]);
  });
});
