import { resolve } from "node:path";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { compileAssemblyScript } from "../../host/node/cli/capability/compile-assemblyscript.ts";
import { createRuntime, type LocalRuntime } from "../../host/node/create-runtime.ts";
import { packageOf } from "./wat-package.ts";

let bytes: Uint8Array<ArrayBuffer>;
beforeAll(async () => {
  bytes = new Uint8Array(await compileAssemblyScript(resolve(import.meta.dirname, "upper/index.ts"), 64));
}, 60_000);

let runtime: LocalRuntime | undefined;
afterEach(() => runtime?.stop(0));

interface Seen {
  readonly path: string;
  readonly body: string;
}

const type = "middleware.http.upper";
const resource = (name: string, metadata: object = {}) => ({
  apiVersion: "dapr.io/v1alpha1",
  kind: "Component",
  metadata: { name },
  spec: {
    type,
    version: "v1",
    metadata: Object.entries(metadata).map(([field, value]) => ({ name: field, value })),
  },
});
const store = (name: string, of: string) => ({
  ...resource(name),
  spec: { type: of, version: "v1", metadata: [] },
});

/** A sidecar with an app that echoes, behind a pipeline of what packages are. */
async function started(
  pipelines: { readonly http?: readonly string[]; readonly app?: readonly string[] },
  features: readonly string[] = [],
) {
  const seen: Seen[] = [];
  const handlers = (names: readonly string[] = []) => ({
    handlers: names.map((name) => ({ name, type: name === "capitals" ? "middleware.http.uppercase" : type })),
  });
  const configuration = {
    apiVersion: "dapr.io/v1alpha1",
    kind: "Configuration",
    metadata: { name: "pipeline" },
    spec: { httpPipeline: handlers(pipelines.http), appHttpPipeline: handlers(pipelines.app) },
  };
  const components = [
    resource("upper"),
    resource("limit", { most: "2" }),
    store("capitals", "middleware.http.uppercase"),
    store("statestore", "state.in-memory"),
    store("messagebus", "pubsub.in-memory"),
    configuration,
  ];
  runtime = await createRuntime({
    components: components.map((one) => JSON.stringify(one)).join("\n---\n"),
    capabilities: {
      packages: [
        packageOf("upper", bytes, {
          offers: [{ kind: "component", type, features }],
          limits: { concurrency: 1, timeMs: 60_000 },
        }),
      ],
    },
    app: async (request) => {
      const { pathname } = new URL(request.url);
      if (pathname === "/dapr/subscribe")
        return Response.json([{ pubsubname: "messagebus", topic: "plain", route: "/events" }]);
      if (pathname === "/dapr/config") return new Response(null, { status: 404 });
      const body = await request.text();
      seen.push({ path: pathname, body });
      return new Response(body);
    },
    log: { debug() {}, info() {}, warn() {}, error() {} },
  });
  const invoke = async (path: string, body: BodyInit) => {
    const response = await (runtime as LocalRuntime).fetch(`/v1.0/invoke/app/method/${path}`, {
      method: "POST",
      body,
    });
    return { status: response.status, text: await response.text(), headers: response.headers };
  };
  return { one: runtime, seen, invoke };
}

const body = '{"name":"hello","list":["a",1]}';
const upper = '{"NAME":"HELLO","LIST":["A",1]}';

describe("the contract of middleware, over one that a package is", () => {
  it("T28: the book's body arrives in capitals, also of other alphabets and streamed", async () => {
    const { invoke } = await started({ http: ["upper"] });
    expect((await invoke("echo", body)).text).toBe(upper);
    expect((await invoke("echo", "é жд")).text).toBe("É ЖД");
    const streamed = new Blob(["ab é ".repeat(500)]).stream();
    expect((await invoke("echo", streamed as unknown as BodyInit)).text).toBe("AB É ".repeat(500));
  });

  it("metadata list it", async () => {
    const { one } = await started({ http: ["upper"] });
    const { components } = (await (await one.fetch("/v1.0/metadata")).json()) as { components: object[] };
    expect(components).toContainEqual({ name: "upper", type, version: "v1" });
  });

  it("in front of the app, invocations and events pass it, and what the API keeps does not", async () => {
    const { one, seen, invoke } = await started({ app: ["upper"] });
    expect((await invoke("echo", body)).text).toBe(upper);
    await one.fetch("/v1.0/state/statestore", { method: "POST", body: '[{"key":"k","value":"v"}]' });
    expect(await (await one.fetch("/v1.0/state/statestore/k")).text()).toBe('"v"');
    const event = { method: "POST", body: '{"a":"b"}', headers: { "content-type": "application/json" } };
    expect((await one.fetch("/v1.0/publish/messagebus/plain", event)).status).toBe(204);
    await expect.poll(() => seen.at(-1)?.body, { timeout: 10_000 }).toContain('"DATA":{"A":"B"}');
  });

  it("what it refuses is the answer, and the app is not called", async () => {
    const { seen, invoke } = await started({ app: ["limit"] });
    const statuses = [];
    for (let i = 0; i < 3; i += 1) statuses.push((await invoke("limited", "x")).status);
    const calls = seen.filter(({ path }) => path === "/limited");
    expect([statuses.at(-1), calls.length < 3]).toEqual([429, true]);
  });

  it("stands in the order of the pipeline, and sees the answer where it says so", async () => {
    const { invoke } = await started({ http: ["capitals", "upper"] }, ["RESPONSE"]);
    const { text, headers } = await invoke("echo", "a");
    expect([text, headers.get("x-upper")]).toEqual(["A!", "yes"]);
  });

  it("one that traps fails the request that passes it, and no other", async () => {
    const { invoke, seen } = await started({ http: ["upper"] });
    const { status, text } = await invoke("trap", "a");
    expect([status, text]).toEqual([500, expect.stringContaining("its package failed: it trapped")]);
    expect(seen.map(({ path }) => path)).toEqual([]);
    expect((await invoke("echo", "a")).text).toBe("A");
  });
});
