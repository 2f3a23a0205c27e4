import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { linkComponent } from "../../host/node/cli/capability/component/link-component.ts";
import { type NodeSidecar, startSidecar } from "../../host/node/start-sidecar.ts";
import { freePorts } from "../hosts/free-ports.ts";
import { compiledC, componentOf, httpWit, noCompiler } from "./built-component.ts";

/** The reference for components; it is the machine's. */
const noWasmtime = spawnSync("wasmtime", ["--version"]).status !== 0;
const quiet = { debug() {}, info() {}, warn() {}, error() {} };

describe.skipIf(noCompiler && process.env.CI !== "true")("a Wasm component for wasi:http, as an app", () => {
  let sidecar: NodeSidecar;
  let component: Uint8Array<ArrayBuffer>;
  beforeAll(async () => {
    component = await componentOf(compiledC("component-c/server.c"), httpWit(), "server");
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

  it.skipIf(noWasmtime)("answers as it does under wasmtime", async () => {
    const folder = mkdtempSync(join(tmpdir(), "daprlet-wasi-http-"));
    const file = join(folder, "server.wasm");
    writeFileSync(file, component);
    const [port] = await freePorts(1);
    const other: ChildProcess = spawn("wasmtime", ["serve", "-Scli", "--addr", `127.0.0.1:${port}`, file]);
    const told = async (response: Response) => [
      response.status,
      response.headers.get("content-type"),
      response.headers.getSetCookie(),
      await response.text(),
    ];
    try {
      const there = (path: string, init?: RequestInit) => fetch(`http://127.0.0.1:${port}/${path}`, init);
      await expect
        .poll(
          () =>
            there("x").then(
              ({ status }) => status,
              () => 0,
            ),
          { timeout: 15_000 },
        )
        .toBe(404);
      const echo = { method: "PUT", body: "what comes", headers: { "x-mine": "yes" } };
      for (const [path, init] of [
        ["echo?x=1", echo],
        ["echo?x=1"],
        ["large"],
        ["dapr/subscribe"],
        ["other"],
      ] as const)
        expect([path, await told(await invoke(path, init))]).toEqual([
          path,
          await told(await there(path, init)),
        ]);
    } finally {
      other.kill();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
