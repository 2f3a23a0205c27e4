import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it } from "vitest";
import { extendRegistry } from "../../host/components/extend-registry.ts";
import { createRuntime, type LocalRuntime } from "../../host/node/index.ts";
import { nodeRegistry } from "../../host/node/registry.ts";
import { opa } from "../../worker/components/policy-middleware.ts";
import { type Metadata, subscribesToNothing, Told, yaml } from "./sidecar.ts";

const policyFile = fileURLToPath(new URL("policy.wasm", import.meta.url));

let runtime: LocalRuntime | undefined;
afterEach(() => runtime?.stop());

let told: Told;
async function start(metadata: Metadata, registry = nodeRegistry): Promise<LocalRuntime> {
  told = new Told();
  runtime = await createRuntime({
    appId: "shop",
    registry,
    log: told.log,
    components: yaml([{ name: "opa", type: "opa", metadata }], ["opa"]),
    app: subscribesToNothing(async (request) => {
      told.events.push(await request.text());
      return new Response(request.headers.get("x-policy"));
    }),
  });
  return runtime;
}

const invoke = "/v1.0/invoke/shop/method/x";
const includedHeaders = "x-other, X-Case";

describe("a policy", () => {
  it("lets pass what it allows, and refuses the rest before the app is called", async () => {
    const sidecar = await start({ policyFile });
    expect((await sidecar.fetch(invoke)).status).toBe(200);
    for (const [path, method] of [
      [invoke, "POST"],
      ["/v1.0/metadata", "GET"],
      ["/v1.0/invoke/../metadata", "GET"],
    ] as const) {
      const refused = await sidecar.fetch(path, { method });
      expect([refused.status, await refused.text()]).toEqual([403, "Forbidden"]);
      expect(refused.headers.get("x-dapr-opa-error")).toBeNull();
    }
    expect(told.events).toEqual([""]);
  });

  it("sets headers of the request, and status and headers of a refusal", async () => {
    const sidecar = await start({ policyFile, includedHeaders });
    const headers = (value: string) => ({ headers: { "x-case": value, "x-policy": "mine" } });
    const passed = await sidecar.fetch(`${invoke}?q=1%20a&q=2`, headers("headers"));
    expect(await passed.text()).toBe("headers 1 a");
    const refused = await sidecar.fetch(invoke, headers("status"));
    expect([refused.status, refused.headers.get("x-policy")]).toEqual([418, "refused"]);
  });

  it("sees no header that is not named, and the body where it is read", async () => {
    const blind = await start({ policyFile });
    expect((await blind.fetch(invoke, { headers: { "x-case": "number" } })).status).toBe(200);
    await blind.stop();
    const init = { method: "POST", body: "let me in", headers: { "x-case": "body" } };
    const unread = await start({ policyFile, includedHeaders });
    expect((await unread.fetch(invoke, init)).status).toBe(403);
    await unread.stop();
    const reading = await start({ policyFile, includedHeaders, readBody: "true" });
    expect((await reading.fetch(invoke, init)).status).toBe(200);
    expect(told.events).toEqual(["let me in"]);
    expect((await reading.fetch(invoke, { ...init, body: "no" })).status).toBe(403);
  });

  it("that answers what is no answer refuses, with the default status, and says so", async () => {
    const sidecar = await start({ policyFile, includedHeaders, defaultStatus: "404" });
    const refused = await sidecar.fetch(invoke, { headers: { "x-case": "number" } });
    expect([refused.status, await refused.text()]).toEqual([404, "Not Found"]);
    expect(refused.headers.get("x-dapr-opa-error")).toBe("true");
  });

  it("comes in base64, too", async () => {
    const sidecar = await start({ policy: readFileSync(policyFile).toString("base64") });
    expect((await sidecar.fetch(invoke)).status).toBe(200);
  });

  it.each([
    [{}, /policyFile, policy or rego is required/],
    [{ policyFile, policy: "AAAA" }, /policyFile, policy or rego is required, and one of them/],
    [{ policyFile, rego: "package http" }, /one of them/],
    [{ policyFile: "/none/policy.wasm" }, /policyFile: \/none\/policy\.wasm cannot be read: ENOENT/],
    [{ policy: "AAAA" }, /policy: it is no compiled policy/],
    [{ policyFile, defaultStatus: "600" }, /defaultStatus: expected a status/],
  ])("%j does not open", async (metadata, message) => {
    await expect(start(metadata as Metadata)).rejects.toThrow(message);
  });
});

describe("a policy in a page", () => {
  const page = extendRegistry(nodeRegistry, [opa()]);

  it("decides as on Node", async () => {
    const policy = readFileSync(policyFile).toString("base64");
    const sidecar = await start({ policy, includedHeaders }, page);
    expect((await sidecar.fetch(invoke)).status).toBe(200);
    const refused = await sidecar.fetch(invoke, { headers: { "x-case": "status" } });
    expect([refused.status, await refused.text()]).toEqual([418, "I'm a teapot"]);
  });

  it.each([
    [{ rego: "package http" }, /rego: a page has no compiler for .*; or compile it with `opa build -t wasm/],
    [{ policy: "no base64!" }, /opa: metadata field policy: /],
    [{ policyFile: "http://127.0.0.1:9/policy.wasm" }, /policyFile: http:\/\/127.0.0.1:9.* cannot be read/],
  ])("%j does not open", async (metadata, message) => {
    await expect(start(metadata as Metadata, page)).rejects.toThrow(message);
  });
});

/** What `opa build` is asked, and makes, where the real one is not at hand. */
const standIn = `#!/bin/sh
case "$*" in
  "build -t wasm -e http/allow -o bundle.tar.gz --v0-compatible policy.rego") grep -q "needs v0" policy.rego || exit 1 ;;
  "build -t wasm -e http/allow -o bundle.tar.gz policy.rego")
    if grep -q "needs v0\\|broken" policy.rego; then echo "policy.rego:1: rego_parse_error: broken" >&2; exit 1; fi ;;
  *) exit 3 ;;
esac
tar -czPf bundle.tar.gz --transform 's,^,/,' -C "${dirname(policyFile)}" policy.rego policy.wasm
`;
const source = readFileSync(policyFile.replace(/wasm$/, "rego"), "utf8");
const missingOpa = spawnSync("opa", ["version"]).status !== 0;

describe("the source of a policy", () => {
  const { PATH } = process.env;
  const folders: string[] = [];
  const folderWith = (script: string | undefined): string => {
    const folder = mkdtempSync(join(tmpdir(), "opa-"));
    folders.push(folder);
    if (script !== undefined) writeFileSync(join(folder, "opa"), script, { mode: 0o755 });
    return folder;
  };
  afterEach(() => {
    process.env.PATH = PATH;
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
  });
  const decides = async (rego: string) => {
    const sidecar = await start({ rego });
    expect((await sidecar.fetch(invoke)).status).toBe(200);
    expect((await sidecar.fetch(invoke, { method: "POST" })).status).toBe(403);
  };

  it("is compiled by the opa that is on the path, also as it was written before OPA 1.0", async () => {
    process.env.PATH = `${folderWith(standIn)}${delimiter}${PATH}`;
    await decides("package http");
    await runtime?.stop();
    await decides("package http # needs v0");
  });

  it.skipIf(missingOpa)("is compiled by the real one, where there is one", async () => {
    await decides(source);
  });

  it("that cannot be compiled says why, and how else", async () => {
    process.env.PATH = `${folderWith(standIn)}${delimiter}${PATH}`;
    await expect(start({ rego: "broken" })).rejects.toThrow(
      /rego: opa cannot compile it: policy.rego:1: rego_parse_error: broken; or compile it with `opa build -t wasm/,
    );
    process.env.PATH = folderWith(undefined);
    await expect(start({ rego: "package http" })).rejects.toThrow(/rego: there is no opa on the PATH/);
  });
});
