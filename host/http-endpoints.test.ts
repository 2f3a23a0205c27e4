import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { TLSSocket } from "node:tls";
import { afterEach, describe, expect, it } from "vitest";
import * as yaml from "yaml";
import { certificate } from "../tests/certificate.ts";
import { startTarget, type Target } from "../tests/hosts/target.ts";
import { HttpEndpoints } from "./http-endpoints.ts";
import { createRuntime, type LocalRuntime } from "./node/index.ts";
import { parseResources } from "./resources/parse-resources.ts";
import { noResources } from "./resources/resources.ts";
import { webPlatform } from "./web-platform.ts";

const endpoint = (spec: string, name = "outside") =>
  `apiVersion: dapr.io/v1alpha1\nkind: HTTPEndpoint\nmetadata:\n  name: ${name}\nspec:\n${spec}\n`;
const parse = (text: string, environment?: (name: string) => string | undefined) =>
  parseResources(text, "e.yaml", yaml, environment);
const pem = (text: string) => JSON.stringify(text);
const said: string[] = [];
const say = (message: string) => void said.push(message);
const log = { debug: say, info: say, warn: say, error: say };

let runtime: LocalRuntime | undefined;
let close: (() => Promise<unknown>) | undefined;
afterEach(async () => {
  await runtime?.stop();
  await close?.();
  runtime = close = undefined;
  said.length = 0;
});
const start = async (components: string) => {
  runtime = await createRuntime({ appId: "a", components, log });
  return runtime;
};
const call = async (path: string) => {
  const answer = await (runtime as LocalRuntime).fetch(`/v1.0/invoke/outside/method/${path}`);
  return answer.json() as Promise<{ uri: string; headers: Record<string, string>; message?: string }>;
};
const target = async (): Promise<Target> => {
  const started = await startTarget();
  close = () => started.close();
  return started;
};

describe("HTTPEndpoint resources", () => {
  it.each([
    ["  headers: []", /line 6: spec\.baseUrl is required/],
    ["  baseUrl: localhost:80", /line 6: spec\.baseUrl must be http:\/\/ or https:\/\//],
    ["  baseUrl: http://a/b?c=d", /spec\.baseUrl must be/],
    ["  baseUrl: http://u@a", /spec\.baseUrl must be/],
    ["  baseUrl: http://a\n  headers: {a: b}", /line 7: spec\.headers must be a list/],
    ["  baseUrl: http://a\n  headers:\n    - {value: b}", /line 8: spec\.headers\.0\.name is required/],
    [
      "  baseUrl: http://a\n  headers:\n    - {name: a b, value: c}",
      /spec\.headers has a b, which cannot be set/,
    ],
    ["  baseUrl: http://a\n  headers:\n    - {name: Host, value: c}", /has Host, which cannot be set/],
    ["  baseUrl: http://a\n  clientTLS: {rootCA: {value: x}}", /baseUrl must be https:\/\/ where clientTLS/],
    ["  baseUrl: https://a\n  clientTLS: []", /line 7: spec\.clientTLS must be a mapping/],
    ["  baseUrl: https://a\n  clientTLS:\n    rootCA: {}", /line 8: spec\.clientTLS\.rootCA needs a value/],
    [
      "  baseUrl: https://a\n  clientTLS: {certificate: {value: x}}",
      /only one of certificate and privateKey/,
    ],
    ["  baseUrl: https://a\n  clientTLS: {renegotiation: Sometimes}", /must be Never or FreelyAsClient/],
    ["  baseUrl: https://a\n  clientTLS: {renegotiation: OnceAsClient}", /cannot be OnceAsClient/],
  ])("are refused by line and field: %s", (spec, expected) => {
    expect(() => parse(endpoint(spec))).toThrow(expected);
  });

  it("take headers from the environment, but for Dapr's own", () => {
    const text = endpoint(
      "  baseUrl: http://a\n  headers:\n    - {name: One, envRef: ONE}\n    - {name: Two, envRef: DAPR_API_TOKEN}",
    );
    const [found] = parse(text, (name) => (name === "DAPR_ENV_KEYS" ? undefined : `<${name}>`)).httpEndpoints;
    expect([...(found?.headers ?? [])]).toEqual([
      ["one", "<ONE>"],
      ["two", ""],
    ]);
  });

  it("do not start with a secret that is not there, or a name that is defined twice", async () => {
    const ref = endpoint("  baseUrl: http://a\n  headers:\n    - {name: Key, secretKeyRef: {name: x}}");
    await expect(start(ref)).rejects.toThrow(
      /^HTTPEndpoint outside \(createRuntime\(\), document 1\): spec\.headers\.key: it refers to a secret; no secret store is loaded/,
    );
    const one = endpoint("  baseUrl: http://a");
    await expect(start(`${one}---\n${one}`)).rejects.toThrow(/document 2\): this name is defined twice/);
  });

  it("come before apps, also the own one, and change while they are called", async () => {
    const { url } = await target();
    await start(endpoint(`  baseUrl: ${url}/one/`));
    const { uri, headers } = await call("a?b=c");
    expect([uri, headers["dapr-app-id"]]).toEqual(["/one/a?b=c", undefined]);
    const to = (text: string) => runtime?.sidecar && (runtime as LocalRuntime).update(parse(text));
    await to(`${endpoint(`  baseUrl: ${url}/two`)}---\n${endpoint(`  baseUrl: ${url}/own`, "a")}`);
    expect((await call("a")).uri).toBe("/two/a");
    expect(await (await (runtime as LocalRuntime).fetch("/v1.0/invoke/a/method/b")).json()).toMatchObject({
      uri: "/own/b",
    });
    await to(endpoint("  baseUrl: http://a\n  headers:\n    - {name: Key, secretKeyRef: {name: x}}"));
    expect((await call("a")).uri).toBe("/two/a");
    expect(said.filter((line) => line.endsWith("it stays as it was"))).toHaveLength(1);
    await (runtime as LocalRuntime).update(noResources);
    expect((await call("a")).message).toMatch(/couldn't find service: outside/);
  });

  it("are refused in a host that cannot choose certificates, and nowhere else", async () => {
    const { httpEndpoints } = parse(
      endpoint("  baseUrl: https://a\n  clientTLS: {renegotiation: FreelyAsClient}"),
    );
    const platform = webPlatform(log);
    const page = new HttpEndpoints({ appId: "a", namespace: undefined, host: "a page", platform });
    await expect(page.update(httpEndpoints, new Map())).rejects.toThrow(
      /^HTTPEndpoint outside \(e\.yaml, document 1\): spec\.clientTLS: a page cannot choose the certificates of a connection; call it through a sidecar on Node/,
    );
    await page.update(parse(endpoint("  baseUrl: https://a")).httpEndpoints, new Map());
    expect(page.names).toEqual(["outside"]);
  });

  it("prove themselves with their own certificate, and believe their own root", async () => {
    const server = createServer(
      { ...certificate, ca: certificate.cert, requestCert: true },
      (request, response) => {
        const { authorized } = request.socket as TLSSocket;
        response.end(
          JSON.stringify({ uri: `${request.method} ${request.url} ${authorized}`, headers: request.headers }),
        );
      },
    );
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    close = async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    };
    const baseUrl = `https://localhost:${(server.address() as AddressInfo).port}/secure`;
    await start(
      endpoint(
        `  baseUrl: ${baseUrl}\n  headers: [{name: X-Own, value: x}]\n  clientTLS:\n    rootCA: {value: ${pem(certificate.cert)}}\n    certificate: {value: ${pem(certificate.cert)}}\n    privateKey: {secretKeyRef: {name: key}}`,
      ) +
        `---\napiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata:\n  name: vault\nspec:\n  type: secretstores.in-memory\n  metadata:\n    - {name: key, value: ${pem(certificate.key)}}\n`,
    );
    const { uri, headers } = await call("a?b=c");
    expect([uri, headers["x-own"], headers.host]).toEqual([
      "GET /secure/a?b=c true",
      "x",
      new URL(baseUrl).host,
    ]);
    await runtime?.stop();
    await start(endpoint(`  baseUrl: ${baseUrl}`));
    expect((await call("a")).message).toMatch(/self-signed certificate/);
    await runtime?.stop();
    runtime = undefined;
    const broken = start(endpoint(`  baseUrl: ${baseUrl}\n  clientTLS: {rootCA: {value: no certificate}}`));
    await expect(broken).rejects.toThrow(/^HTTPEndpoint outside .*: spec\.clientTLS cannot be used: /);
  });
});
