import { afterEach, describe, expect, it } from "vitest";
import { defineNameResolver } from "../../host/components/nameresolution/name-resolver.ts";
import {
  createRuntime,
  type LocalRuntime,
  type NodeSidecar,
  nodeRegistry,
  startSidecar,
} from "../../host/node/index.ts";
import { freePort } from "./cli.ts";

const configuration = (section: string) =>
  `apiVersion: dapr.io/v1alpha1\nkind: Configuration\nmetadata:\n  name: c\nspec:\n  nameResolution:\n${section}\n`;
const said: string[] = [];
const say = (message: string) => void said.push(message);
const log = { debug: say, info: say, warn: say, error: say };

const open: (NodeSidecar | LocalRuntime)[] = [];
afterEach(async () => {
  await Promise.all(open.map((one) => one.stop()));
  open.length = said.length = 0;
});
const bank = async (options = {}) => {
  const app = async (request: Request) =>
    Response.json({ path: new URL(request.url).pathname, body: await request.text() });
  const sidecar = await startSidecar({ appId: "bank", app, components: [], log, ...options });
  open.push(sidecar);
  return sidecar;
};
const start = async (section: string, registry = nodeRegistry) => {
  const runtime = await createRuntime({ appId: "shop", components: configuration(section), registry, log });
  open.push(runtime);
  return runtime;
};
const call = async (runtime: LocalRuntime, id = "bank") => {
  const answer = await runtime.fetch(`/v1.0/invoke/${id}/method/a/b`, { method: "POST", body: "x" });
  const text = await answer.text();
  return [answer.status, text.startsWith("{") ? JSON.parse(text) : text];
};
const answered = [200, { path: "/a/b", body: "x" }];

describe("nameResolution", () => {
  it("nameformat leads calls to the sidecars that its pattern names, with their token", async () => {
    // No name below localhost is known everywhere: here an app's id is its port.
    const port = await freePort();
    const id = String(port);
    await bank({ appId: id, port, apiToken: "s3cret" });
    const format = `    component: nameformat\n    configuration:\n      format: "127.0.0.1:{appid}"`;
    const runtime = await start(`${format}\n      apiToken: s3cret`);
    expect(await call(runtime, id)).toEqual(answered);
    expect(await call(runtime, `${id}.elsewhere`)).toEqual([
      500,
      expect.objectContaining({ errorCode: "ERR_DIRECT_INVOKE" }),
    ]);
    const metadata = (await (await runtime.fetch("/v1.0/metadata")).json()) as { components?: unknown };
    expect(metadata.components).toBeUndefined();
    expect(await call(await start(format), id)).toEqual([401, "invalid api token"]);
  });

  it.each(["mdns", '""'])("%s is the default", async (component) => {
    const runtime = await start(`    component: ${component}`);
    expect(await call(runtime)).toEqual([
      500,
      {
        errorCode: "ERR_DIRECT_INVOKE",
        message: "failed to invoke, id: bank, err: couldn't find service: bank",
      },
    ]);
  });

  it.each([
    [
      "    component: consul",
      /nameResolution .*type nameresolution\.consul is not supported by daprlet; it has nameresolution\.nameformat/,
    ],
    ["    component: nameformat", /metadata field format .*required|format/],
    ["    component: nameformat\n    configuration: {format: 'localhost:80'}", /format has no \{appid\}/],
    ["    component: nameformat\n    configuration: {format: 'ftp://{appid}'}", /format is a host and port/],
    [
      "    component: nameformat\n    configuration: {format: '{appid}.corp:80'}",
      /leaves this machine without TLS: use https/,
    ],
    [
      "    component: nameformat\n    configuration: 5",
      /line 8: spec\.nameResolution\.configuration must be a mapping/,
    ],
  ])("is refused by name and field: %s", async (section, expected) => {
    await expect(start(section)).rejects.toThrow(expected);
  });

  it("takes an address beyond this machine with TLS, or by the switch", async () => {
    for (const configured of ["'https://{appid}.corp'", "'{appid}.corp:80', insecure: true"]) {
      await start(`    component: nameformat\n    configuration: {format: ${configured}}`);
    }
  });

  it("one's own resolver is one definition", async () => {
    const { url } = await bank();
    const phoneBook = defineNameResolver({
      type: "nameresolution.phonebook",
      version: "v1",
      summary: "Knows one sidecar.",
      metadata: {},
      features: [],
      open: async () => ({
        resolve: async (appId) => {
          if (appId === "far") return { url: "http://far.invalid", apiToken: "s3cret" };
          return appId === "bank" ? { url } : undefined;
        },
        close: async () => {},
      }),
    });
    const runtime = await start("    component: phonebook", { ...nodeRegistry, nameresolution: [phoneBook] });
    expect(await call(runtime)).toEqual(answered);
    expect((await call(runtime, "other"))[1]).toMatchObject({
      message: expect.stringMatching(/couldn't find service: other/),
    });
    expect(await call(runtime, "far")).toEqual([
      500,
      {
        errorCode: "ERR_DIRECT_INVOKE",
        message: expect.stringMatching(/far at far\.invalid would be reached in clear text.*use https/),
      },
    ]);
  });
});
