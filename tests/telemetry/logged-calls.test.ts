import { afterEach, describe, expect, it } from "vitest";
import type { SidecarOptions } from "../../host/node/sidecar-options.ts";
import { type NodeSidecar, startSidecar } from "../../host/node/start-sidecar.ts";
import type { LogFields } from "../../host/platform.ts";

const open: NodeSidecar[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((sidecar) => sidecar.stop()));
});

async function start(apiLogging: object | undefined, options: Partial<SidecarOptions> = {}) {
  const said: LogFields[] = [];
  const info = (message: string, fields: LogFields = {}) => {
    if (message === "HTTP API Called") said.push(fields);
  };
  const configuration = {
    apiVersion: "dapr.io/v1alpha1",
    kind: "Configuration",
    metadata: { name: "logging" },
    spec: apiLogging === undefined ? {} : { logging: { apiLogging } },
  };
  const log = { debug: () => {}, info, warn: () => {}, error: () => {} };
  const app = () => new Response("brewed", { status: 418 });
  const sidecar = await startSidecar({
    appId: "shop",
    components: JSON.stringify(configuration),
    log,
    app,
    ...options,
  });
  open.push(sidecar);
  const call = async (path: string, init: RequestInit = {}) =>
    await (await fetch(sidecar.url + path, { headers: { "user-agent": "tests" }, ...init })).text();
  return { said, call };
}

describe("API logging", () => {
  it("tells verb, path, status and size of a call once it was answered, and never its query or a body", async () => {
    const { said, call } = await start({ enabled: true });
    await call("/v1.0/invoke/shop/method/tea?token=secret", { method: "POST", body: "secret" });
    const [{ duration, ...told } = {}] = said;
    expect(told).toEqual({
      code: 418,
      method: "POST /v1.0/invoke/shop/method/tea",
      size: 6,
      useragent: "tests",
    });
    expect(duration).toBeGreaterThanOrEqual(0);
  });

  it.each([
    ["GET", "/v1.0/invoke/shop/method/tea", "InvokeService/shop"],
    ["GET", "/tea", "InvokeService"],
    ["GET", "/v1.0/state/s/k", "GetState"],
    ["POST", "/v1.0/state/s", "SaveState"],
    ["GET", "/v1.0/secrets/s/k", "GetSecret"],
    ["PUT", "/v1.0/metadata/k", "PutMetadata"],
  ])("names %s %s %s where URLs are obfuscated, as daprd does", async (method, path, name) => {
    const { said, call } = await start({ enabled: true, obfuscateURLs: true });
    await call(path, { method });
    expect(said.map((fields) => fields.method)).toEqual([name]);
  });

  it("leaves health checks out where it is told to", async () => {
    const { said, call } = await start({ enabled: true, omitHealthChecks: true });
    await call("/v1.0/healthz");
    await call("/v1.0/healthz/outbound");
    await call("/v1.0/metadata");
    expect(said.map(({ method }) => method)).toEqual(["GET /v1.0/metadata"]);
  });

  it.each([
    [undefined, undefined, 0],
    [{ enabled: false }, undefined, 0],
    [{ enabled: false }, true, 1],
    [{ enabled: true }, false, 0],
  ])("is as the switch says, else as the Configuration: %j and %s", async (section, logCalls, times) => {
    const { said, call } = await start(section, logCalls === undefined ? {} : { logCalls });
    await call("/v1.0/metadata");
    expect(said).toHaveLength(times);
  });
});
