import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { linkComponent } from "../../host/node/cli/capability/component/link-component.ts";
import { type NodeSidecar, startSidecar } from "../../host/node/start-sidecar.ts";
import { compiledC, componentOf, httpWit, noCompiler } from "./built-component.ts";

const quiet = { debug() {}, info() {}, warn() {}, error() {} };

describe.skipIf(noCompiler && process.env.CI !== "true")("a Wasm component for wasi:http, as an app", () => {
  let sidecar: NodeSidecar;
  beforeAll(async () => {
    const component = await componentOf(compiledC("component-c/server.c"), httpWit(), "server");
    const module = new Uint8Array(await linkComponent(component, 1024, import.meta.dirname));
    console.log(`a component of ${component.length} bytes is a module of ${module.length}`);
    sidecar = await startSidecar({
      appId: "shop",
      appWasm: { module, limits: { concurrency: 1 } },
      components: [
        { name: "statestore", type: "state.in-memory" },
        { name: "pubsub", type: "pubsub.in-memory" },
      ],
      log: quiet,
    });
  }, 60_000);
  afterAll(() => sidecar?.stop());

  const invoke = (path: string, init?: RequestInit) =>
    fetch(`${sidecar.url}/v1.0/invoke/shop/method/${path}`, init);

  it("is told method, path, headers and body, and answers with all of its own", async () => {
    const body = "é".repeat(5_000);
    const answer = await invoke("echo?x=1", { method: "PUT", body, headers: { "x-mine": "yes" } });
    expect([answer.status, await answer.text()]).toEqual([201, body]);
    expect(answer.headers.get("content-type")).toBe("text/plain");
    expect(answer.headers.getSetCookie()).toEqual(["a=1", "b=2"]);
    const large = await (await invoke("large")).text();
    expect([large.length, large.slice(25, 28), large.at(-1)]).toEqual([200_000, "zab", "h"]);
    expect((await invoke("other")).status).toBe(404);
  });

  it("subscribes, and blocks for its sidecar while it keeps state", async () => {
    const published = await fetch(`${sidecar.url}/v1.0/publish/pubsub/orders`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ order: 7 }),
    });
    expect(published.status).toBe(204);
    const last = async () => (await (await invoke("last")).text()) || "{}";
    await expect.poll(async () => JSON.parse(await last()).data, { timeout: 10_000 }).toEqual({ order: 7 });
  });

  it("asks for several at a time, and for what it does not wait for", async () => {
    const both = await invoke("both");
    expect([both.status, await both.text()]).toEqual([200, expect.stringContaining('"id":"shop"')]);
    expect((await invoke("later")).status).toBe(200);
    expect(await (await fetch(`${sidecar.url}/v1.0/state/statestore/later`)).json()).toBe(1);
  });

  it("reaches nothing outside that it was not given", async () => {
    const outside = await invoke("outside");
    expect([outside.status, await outside.text()]).toEqual([
      403,
      expect.stringContaining("http://example.com"),
    ]);
  });

  it("fails where it gives no answer, and goes on", async () => {
    expect((await invoke("none")).status).toBe(500);
    for (let i = 0; i < 30; i++) expect((await invoke("both")).status).toBe(200);
  });
});
