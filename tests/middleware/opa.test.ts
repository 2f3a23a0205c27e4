import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it } from "vitest";
import { createRuntime, type LocalRuntime } from "../../host/node/index.ts";
import { type Metadata, subscribesToNothing, Told, yaml } from "./sidecar.ts";

const policyFile = fileURLToPath(new URL("policy.wasm", import.meta.url));

let runtime: LocalRuntime | undefined;
afterEach(() => runtime?.stop());

let told: Told;
async function start(metadata: Metadata): Promise<LocalRuntime> {
  told = new Told();
  runtime = await createRuntime({
    appId: "shop",
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
    [{ rego: "package http" }, /rego: daprlet has no compiler of Rego; compile it with `opa build -t wasm/],
    [{}, /policyFile or policy is required/],
    [{ policyFile, policy: "AAAA" }, /policyFile or policy is required, and one of them/],
    [{ policyFile: "/none/policy.wasm" }, /policyFile: \/none\/policy\.wasm cannot be read: ENOENT/],
    [{ policy: "AAAA" }, /policy: it is no compiled policy/],
    [{ policyFile, defaultStatus: "600" }, /defaultStatus: expected a status/],
  ])("%j does not open", async (metadata, message) => {
    await expect(start(metadata as Metadata)).rejects.toThrow(message);
  });
});
