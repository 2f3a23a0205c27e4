import { createHash } from "node:crypto";
import { resolve } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import * as yaml from "yaml";
import { compileGateway } from "../../host/gateway/compile-gateway.ts";
import { describeGateway } from "../../host/gateway/describe.ts";
import { admitPackage } from "../../host/gateway/packages/admit-package.ts";
import { readGateway } from "../../host/gateway/read-gateway.ts";
import { needsOf, serveArguments } from "../../host/gateway/serve-arguments.ts";
import { compileAssemblyScript } from "../../host/node/cli/capability/compile-assemblyscript.ts";
import { packageOf } from "../capability/wat-package.ts";
import { type Gateway, startGateway } from "../hosts/wasmtime-host.ts";
import { underWasmtime } from "./gateways.ts";

const digest = (token: string) => createHash("blake2b512").update(token).digest("hex");

const text = `apiVersion: daprlet/v1alpha1
kind: Gateway
metadata: {name: edge}
spec:
  apps: []
  apiToken: {envRef: TOKEN}
  callers: [{appId: sensor-1, digest: ${digest("one")}}]
---
apiVersion: dapr.io/v1alpha1
kind: Component
metadata: {name: vault}
spec: {type: secretstores.vault-of-tests, version: v1, metadata: []}
---
apiVersion: dapr.io/v1alpha1
kind: Configuration
metadata: {name: c}
spec: {secrets: {scopes: [{storeName: vault, defaultAccess: allow, deniedSecrets: [PIN]}]}}
`;

underWasmtime("a secret store that a package is", () => {
  let gateway: Gateway;
  let table: ReturnType<typeof compileGateway>;
  beforeAll(async () => {
    const bytes = await compileAssemblyScript(
      resolve(import.meta.dirname, "../capability/vault/index.ts"),
      64,
    );
    const source = packageOf("vault", new Uint8Array(bytes), {
      offers: [{ kind: "component", type: "secretstores.vault-of-tests" }],
    });
    const packages = [await admitPackage(source, undefined, "gateway.yaml")];
    table = compileGateway(readGateway([{ name: "gateway.yaml", text }], yaml), packages);
    gateway = await startGateway(table, {
      packages,
      variant: "http+sockets+folder+packages",
      reused: true,
      environment: { TOKEN: "swordfish" },
    });
  }, 60_000);
  afterAll(() => gateway?.stop());

  const secret = async (key: string, token = "swordfish") => {
    const { status, json } = await gateway.fetch(`/v1.0/secrets/vault/${key}`, {
      headers: { "dapr-api-token": token },
    });
    return [status, json];
  };
  const failed = (key: string, cause: string) => [
    500,
    {
      errorCode: "ERR_SECRET_GET",
      message: `failed getting secret with key ${key} from secret store vault: ${cause}`,
    },
  ];

  it("tells a secret, to a caller with a token of its own only those that begin with its name", async () => {
    expect(await secret("KEY")).toEqual([200, { KEY: "v" }]);
    expect(await secret("KEY", "one")).toEqual([200, { SENSOR_1__KEY: "v" }]);
    expect((await secret("PIN"))[0]).toBe(403);
    expect((await secret("PIN", "one"))[0]).toBe(403);
  });

  it("tells all of those together", async () => {
    expect(await secret("bulk", "one")).toEqual([200, { KEY: { b: "é" } }]);
    expect(await secret("bulk")).toEqual([
      200,
      { KEY: { a: "1" }, SENSOR_1__KEY: { b: "é" }, SENSOR_2__KEY: { c: "3" } },
    ]);
  });

  it.each([
    ["gone", "there is no such secret"],
    ["secret", "its package refuses to tell the secret"],
    ["torn", "its package answered with something else than JSON of texts"],
    ["number", "its package answered with something else than JSON of texts"],
    ["trap", "component vault (secretstores.vault-of-tests): its package failed: it trapped: unreachable"],
  ])("says why %s is none, and nothing of what the package said", async (key, cause) => {
    expect(await secret(key)).toEqual(failed(key, cause));
  });

  it("has the host tell no variables but those that are named", () => {
    expect(describeGateway(table)).toContain("secrets   vault: of a package");
    expect(needsOf(table)).toEqual({ sockets: true, folder: true, packages: true });
    const given = serveArguments("edge.wasm", table, []).join(" ");
    expect(given).toContain("--env TOKEN");
    expect(given).not.toContain("inherit-env");
  });
});
