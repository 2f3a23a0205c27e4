import { afterEach, describe, expect, it } from "vitest";
import type { PackageSet } from "../../host/capability/package-set.ts";
import type { PackageSource } from "../../host/capability/package-source.ts";
import { createRuntime, type LocalRuntime } from "../../host/node/create-runtime.ts";
import { httpPackage } from "./http-wasm-attacks.ts";
import { enable, goOn, type HttpGuestParts, httpGuest, pair, set, stop } from "./http-wasm-guest.ts";

let runtime: LocalRuntime | undefined;
afterEach(() => runtime?.stop(0));

const type = "middleware.http.guest";
const guest = (parts: HttpGuestParts, changes = {}): PackageSource =>
  httpPackage("guest", httpGuest(parts), { needs: {}, ...changes });

/** A component of the package for each configuration, the outermost first. */
const components = (configs: readonly string[], pipeline = "httpPipeline") =>
  [
    ...configs.map((value, i) => ({
      apiVersion: "dapr.io/v1alpha1",
      kind: "Component",
      metadata: { name: `guest-${i}` },
      spec: { type, version: "v1", metadata: [{ name: "guestConfig", value }] },
    })),
    {
      apiVersion: "dapr.io/v1alpha1",
      kind: "Configuration",
      metadata: { name: "front" },
      spec: { [pipeline]: { handlers: configs.map((_, i) => ({ name: `guest-${i}`, type })) } },
    },
  ]
    .map((resource) => JSON.stringify(resource))
    .join("\n---\n");

async function started(
  source: PackageSource,
  configs: readonly string[] = [""],
  app = async (request: Request) => Response.json(Object.fromEntries(request.headers)),
  pipeline?: string,
): Promise<LocalRuntime> {
  runtime = await createRuntime({
    components: components(configs, pipeline),
    capabilities: { packages: [source], grants: { guest: "all" } },
    log: { debug() {}, info() {}, warn() {}, error() {} },
    app,
  });
  return runtime;
}

const invoke = (one: LocalRuntime, method = "x") => one.fetch(`/v1.0/invoke/app/method/${method}`);

/** Sets the header that its configuration names, so that it is seen who was there. */
const naming = (kind: number): HttpGuestParts => ({
  request: `
    (local.set $n (call $get_config (i32.const 8192) (i32.const 64)))
    (call $set_header_value (i32.const ${kind}) (i32.const 8192) (local.get $n) (text $value)) ${goOn}`,
  texts: pair,
});

describe("a package's middleware of http-wasm", () => {
  it("has a configuration for each component, and they stand one behind the other", async () => {
    const one = await started(guest(naming(0)), ["x-outer", "x-inner"]);
    expect(await (await invoke(one)).json()).toMatchObject({ "x-outer": "new", "x-inner": "new" });
  });

  it("stands in front of the app as well, which goes by another path and method where that was granted", async () => {
    const parts = {
      request: `(call $set_uri (text $uri)) (call $set_method (text $name)) ${goOn}`,
      texts: { ...pair, name: "put", uri: "/elsewhere?a=b" },
    };
    const told = async ({ method, url }: Request) =>
      new Response(`${method} ${new URL(url).pathname}${new URL(url).search}`);
    const one = await started(guest(parts, { needs: { rewrite: true } }), [""], told, "appHttpPipeline");
    expect(await (await invoke(one)).text()).toBe("PUT /elsewhere?a=b");
  });

  it("says nothing to the sidecar, and answers nothing that a browser would run", async () => {
    const one = await started(guest(naming(0)), ["dapr-app-id"]);
    expect(await (await invoke(one)).json()).not.toHaveProperty("dapr-app-id");
    await one.stop(0);
    const answering = guest({
      request: `(call $set_header_value (i32.const 1) (text $name) (text $value)) ${set(1).replaceAll("$name", "$cookie")}
        (call $write_body (i32.const 1) (text $value)) ${stop}`,
      texts: { name: "content-type", value: "text/html", cookie: "set-cookie" },
    });
    const { headers } = await invoke(await started(answering));
    expect(Object.fromEntries(headers)).toEqual({
      "content-type": "text/html",
      "content-security-policy": "sandbox; default-src 'none'",
      "x-content-type-options": "nosniff",
    });
  });

  it("marks a response that it changed", async () => {
    const parts = {
      start: enable(2),
      response: `${set(1)} (call $write_body (i32.const 1) (text $value))`,
      texts: pair,
    };
    const response = await invoke(await started(guest(parts)));
    expect(await response.text()).toBe("new");
    expect(response.headers.get("content-security-policy")).toBe("sandbox; default-src 'none'");
  });

  it("lets a request pass that its own app makes while it is answered, whatever its concurrency", async () => {
    const source = guest({ start: enable(2), response: set(1), texts: pair }, { limits: { concurrency: 1 } });
    const inner = async (request: Request): Promise<Response> =>
      request.url.endsWith("/outer") ? invoke(runtime as LocalRuntime, "inner") : new Response("inner");
    const one = await started(source, [""], inner);
    const answers = await Promise.all(
      Array.from({ length: 20 }, async () => (await invoke(one, "outer")).text()),
    );
    expect(new Set(answers)).toEqual(new Set(["inner"]));
    const [listed] = (one.sidecar.capabilities as PackageSet).list();
    const { measured } = listed as { measured: { started: number } };
    expect(measured.started).toBe(1);
  });

  it("becomes another one under requests, of which none fails", async () => {
    const version = (value: string) =>
      guest({ start: enable(2), response: set(1), texts: { ...pair, value } }, { version: value });
    const slowly = () =>
      new Promise<Response>((resolve) => setTimeout(() => resolve(new Response("app")), 20));
    const one = await started(version("1.0.0"), [""], slowly);
    const failed: number[] = [];
    let running = true;
    const load = Array.from({ length: 4 }, async () => {
      while (running) {
        const { status } = await invoke(one);
        if (status !== 200) failed.push(status);
      }
    });
    const packages = one.sidecar.capabilities as PackageSet;
    for (const value of ["1.0.1", "1.0.2", "1.0.3"]) {
      await packages.update([version(value)], new Map());
      expect((await invoke(one)).headers.get("x-new")).toBe(value);
    }
    running = false;
    await Promise.all(load);
    expect(failed).toEqual([]);
  });
});
