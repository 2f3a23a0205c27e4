import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import type { PackageSet } from "../../host/capability/package-set.ts";
import type { PackageSource } from "../../host/capability/package-source.ts";
import { compileAssemblyScript } from "../../host/node/cli/capability/compile-assemblyscript.ts";
import {
  type CreateRuntimeOptions,
  createRuntime,
  type LocalRuntime,
} from "../../host/node/create-runtime.ts";
import { type NodeSidecar, startSidecar } from "../../host/node/start-sidecar.ts";
import { packageOf } from "./wat-package.ts";

/** A busy machine takes its time. */
const patient = { timeout: 10_000 };

let counter: PackageSource;
const offering = (needs: object = { actors: ["Counter"] }) =>
  packageOf("counter", bytes, {
    offers: [
      { kind: "actor", type: "Counter", config: { actorIdleTimeout: "1h", reentrancy: { enabled: true } } },
    ],
    needs,
    limits: { timeMs: 60_000, concurrency: 4 },
  });
let bytes: Uint8Array<ArrayBuffer>;
beforeAll(async () => {
  bytes = new Uint8Array(await compileAssemblyScript(resolve(import.meta.dirname, "counter/index.ts"), 64));
  counter = offering();
}, 60_000);

const silent = { debug() {}, info() {}, warn() {}, error() {} };
let runtime: LocalRuntime | undefined;
const open: NodeSidecar[] = [];
const folders: string[] = [];
afterEach(async () => {
  await runtime?.stop(0);
  await Promise.all(open.splice(0).map((one) => one.stop()));
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

async function started(options: CreateRuntimeOptions = {}) {
  runtime = await createRuntime({
    capabilities: { packages: [counter], grants: { counter: "all" } },
    log: silent,
    ...options,
  });
  await runtime.appReady;
  return runtime;
}

const call = async (one: Pick<LocalRuntime, "fetch">, id: string, method: string, body?: string) => {
  const response = await one.fetch(`/v1.0/actors/Counter/${id}/method/${method}`, {
    method: "POST",
    ...(body !== undefined && { body }),
  });
  return `${response.status} ${await response.text()}`;
};
const kept = async (one: Pick<LocalRuntime, "fetch">, id: string, key: string) =>
  await (await one.fetch(`/v1.0/actors/Counter/${id}/state/${key}`)).text();

/** Of a type that nobody hosts, which is looked for for a while. */
async function refused(one: LocalRuntime): Promise<string> {
  let answer: string | undefined;
  void call(one, "a", "increment").then((said) => {
    answer = said;
  });
  await expect
    .poll(async () => {
      await one.advance(1_000);
      return answer;
    }, patient)
    .toBeDefined();
  return answer ?? "";
}

describe("a type of actors that a package is", () => {
  it("is hosted as any other: one turn at a time, each with a state of its own", async () => {
    const one = await started();
    const answers = await Promise.all(Array.from({ length: 10 }, () => call(one, "a", "increment")));
    expect(answers.sort((a, b) => Number(a.slice(4)) - Number(b.slice(4)))).toEqual(
      answers.map((_, i) => `200 ${i + 1}`),
    );
    expect([await call(one, "b", "increment"), await call(one, "a%20b", "id")]).toEqual([
      "200 1",
      '200 "a b"',
    ]);
    expect(await kept(one, "a", "n")).toBe("10");
    const { actorRuntime } = (await (await one.fetch("/v1.0/metadata")).json()) as {
      actorRuntime: { activeActors: object[] };
    };
    expect(actorRuntime.activeActors).toEqual([{ type: "Counter", count: 3 }]);
  });

  it("has timers and reminders, and calls others", async () => {
    const one = await started();
    expect(await call(one, "a", "remind", '{"dueTime":"10s","period":"10s","data":1}')).toBe("200 0");
    expect(await call(one, "a", "time", '{"dueTime":"5s","period":"5s","callback":"x"}')).toBe("200 0");
    await expect
      .poll(async () => {
        await one.advance(1_000);
        return Number(await kept(one, "a", "reminders")) >= 2 && Number(await kept(one, "a", "timers")) >= 3;
      }, patient)
      .toBe(true);
    expect(await call(one, "a", "ask", "b")).toBe("200 1");
    // Its own turn is no obstacle: it is a call of the same chain.
    expect(await call(one, "a", "ask", "a")).toBe("200 1");
    expect([await kept(one, "a", "n"), await kept(one, "b", "n")]).toEqual(["1", "1"]);
  });

  it("answers what its package does wrong, and goes on", async () => {
    const one = await started();
    expect(await call(one, "a", "increment")).toBe("200 1");
    expect(await call(one, "a", "trap")).toMatch(/^500 .*\(502\) .*ERR_CAPABILITY_FAULT/);
    expect(await call(one, "a", "nothing")).toMatch(/actor method not found: nothing/);
    expect(await call(one, "a", "increment")).toBe("200 2");
  });

  it("may do what was granted", async () => {
    const one = await started({
      capabilities: { packages: [counter], grants: { counter: { hosts: ["Counter"] } } },
    });
    expect(await call(one, "a", "ask", "b")).toMatch(/\(403\) to call actors of type Counter/);
    await one.stop(0);
    const other = await started({ capabilities: { packages: [counter], grants: {} } });
    const [listed] = (other.sidecar.capabilities as PackageSet).list() as { refused: string[] }[];
    expect(listed?.refused).toEqual([
      "be the actors of type Counter, and keep their state",
      "call actors of type Counter",
    ]);
    expect(await refused(other)).toMatch(/^5\d\d .*ERR_ACTOR/);
  });

  it("stands beside those of the app, whose types are its own", async () => {
    const asked: string[] = [];
    const app = (request: Request) => {
      const { pathname } = new URL(request.url);
      if (pathname === "/dapr/config") return Response.json({ entities: types });
      if (pathname.startsWith("/actors/")) asked.push(`${request.method} ${pathname}`);
      return new Response("app");
    };
    let types = ["Cat"];
    const one = await started({ app });
    const cat = await one.fetch("/v1.0/actors/Cat/1/method/eat", { method: "POST" });
    expect([await cat.text(), await call(one, "a", "increment")]).toEqual(["app", "200 1"]);
    expect(asked).toEqual(["PUT /actors/Cat/1/method/eat"]);
    types = ["Cat", "Counter"];
    await one.askApp();
    expect(await call(one, "a", "increment")).toBe("200 app");
  });

  it("comes and goes with its package", async () => {
    const one = await started({ capabilities: { packages: [], grants: { counter: "all" } } });
    const set = one.sidecar.capabilities as PackageSet;
    expect(await refused(one)).toMatch(/^5\d\d /);
    await set.update([counter], new Map([["counter", { needs: "all", limits: {} }]]));
    await expect.poll(() => call(one, "a", "increment"), patient).toBe("200 1");
    await set.update([], new Map());
    await expect.poll(() => one.sidecar.actors?.status.activeActors, patient).toEqual([]);
    expect(await refused(one)).toMatch(/^5\d\d /);
  });

  it("is placed among the sidecars of a machine, and owned by one of them", async () => {
    const folder = mkdtempSync(join(tmpdir(), "daprlet-package-actors-"));
    folders.push(folder);
    const components = `
apiVersion: dapr.io/v1alpha1
kind: Component
metadata: { name: statestore }
spec:
  type: state.sqlite
  version: v1
  metadata:
    - { name: connectionString, value: "${join(folder, "state.db")}" }
    - { name: actorStateStore, value: "true" }`;
    const start = async () => {
      const sidecar = await startSidecar({
        appId: "counter",
        components,
        machineFolder: join(folder, "machine"),
        log: silent,
        capabilities: { packages: [counter], grants: { counter: "all" } },
      });
      open.push(sidecar);
      await sidecar.runtime.appReady;
      return sidecar;
    };
    const [a, b] = [await start(), await start()];
    const through = (sidecar: NodeSidecar) => ({
      fetch: (path: string, init?: RequestInit) => fetch(sidecar.url + path, init),
    });
    const ids = ["a", "b", "c", "d", "e", "f", "g", "h"];
    for (const round of [1, 2]) {
      const one = round === 1 ? a : b;
      expect(await Promise.all(ids.map((id) => call(through(one), id, "increment")))).toEqual(
        ids.map(() => `200 ${round}`),
      );
    }
    const counts = [a, b].map(
      ({ runtime }) =>
        runtime.sidecar.actors?.status.activeActors.find(({ type }) => type === "Counter")?.count,
    );
    expect((counts[0] ?? 0) + (counts[1] ?? 0)).toBe(ids.length);
    await a.stop();
    expect(await Promise.all(ids.map((id) => call(through(b), id, "increment")))).toEqual(
      ids.map(() => "200 3"),
    );
  }, 30_000);
});
