import { afterEach, describe, expect, it } from "vitest";
import { createRuntime } from "../../host/node/create-runtime.ts";
import type { SidecarOptions } from "../../host/node/sidecar-options.ts";
import { type NodeSidecar, startSidecar } from "../../host/node/start-sidecar.ts";
import { refuseCleartext } from "../../host/security/cleartext.ts";
import { callee, configurationOf } from "./callee.ts";

const open: NodeSidecar[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((sidecar) => sidecar.stop()));
});
const start = async (options: Partial<SidecarOptions>) => {
  const sidecar = await startSidecar({ appId: "a", logLevel: "error", ...options });
  open.push(sidecar);
  return sidecar;
};
const component = (type: string, url: string) =>
  JSON.stringify({
    apiVersion: "dapr.io/v1alpha1",
    kind: "Component",
    metadata: { name: "c" },
    spec: { type, version: "v1", metadata: [{ name: "url", value: url }] },
  });

describe("what would leave the machine in clear text", () => {
  it.each([
    ["ws://localhost:3499", true],
    ["ws://127.0.0.1:3499", true],
    ["http://127.1.2.3", true],
    ["http://[::1]:3500", true],
    ["http://app.localhost", true],
    ["http://2130706433:3500", true],
    ["wss://relay.example", true],
    ["https://10.0.0.1", true],
    ["not a url", true],
    ["ws://relay.example", false],
    ["WS://RELAY.EXAMPLE", false],
    ["http://10.0.0.1:3500", false],
    ["http://localhost.evil.example", false],
    ["http://127.0.0.1.nip.io", false],
    ["http://127.0.0.1@evil.example", false],
    ["http://[::ffff:10.0.0.1]", false],
    ["http://0.0.0.0:3500", false],
    ["http://[fe80::1]", false],
  ])("%s passes: %s", (address, passes) => {
    const asked = () => refuseCleartext("the sidecar", address, false);
    if (passes) expect(asked).not.toThrow();
    else expect(asked).toThrow(/in clear text.*use (?:wss|https):\/\/, or allow it with --allow-cleartext/);
    expect(() => refuseCleartext("the sidecar", address, true)).not.toThrow();
  });

  it.each([
    ["state.dapr", "http://sidecar.example:3500"],
    ["pubsub.dapr", "http://sidecar.example:3500"],
    ["secretstores.dapr", "http://10.1.1.1:3500"],
    ["pubsub.relay", "ws://relay.example:3499"],
  ])("%s at %s ends the start, with the component and the remedy", async (type, url) => {
    await expect(createRuntime({ components: component(type, url) })).rejects.toThrow(
      /component c.* in clear text.*--allow-cleartext/,
    );
  });

  it.each<[Partial<SidecarOptions>, RegExp]>([
    [
      { listenAddresses: ["0.0.0.0"] },
      /the API would listen on 0\.0\.0\.0.*--tls-cert-file.*--allow-cleartext/,
    ],
    [{ listenAddresses: ["127.0.0.1", "::"] }, /the API would listen on ::,/],
    [{ metrics: { listenAddresses: ["0.0.0.0"] } }, /\/metrics would listen on 0\.0\.0\.0/],
    [
      { relay: "ws://relay.example" },
      /the relay at relay\.example would be reached in clear text; *|use wss/,
    ],
  ])("%j ends the start", async (options, message) => {
    await expect(start(options)).rejects.toThrow(message);
  });

  it("one switch allows it", async () => {
    const sidecar = await start({ listenAddresses: ["0.0.0.0"], allowCleartext: true });
    expect((await fetch(`http://127.0.0.1:${sidecar.port}/v1.0/healthz`)).status).toBe(204);
  });
});

describe("spec.mtls", () => {
  const on = "  mtls: { enabled: true, workloadCertTTL: 24h }";

  it("ends the start where it is enabled, with file, line and remedy: daprd starts without TLS", async () => {
    await expect(callee(on)).rejects.toThrow(
      /createRuntime\(\), document 1, line 6: spec\.mtls\.enabled is true, and sidecars have no certificates.*set it to false, or allow it with --allow-cleartext/,
    );
    await expect(start({ components: configurationOf(on) })).rejects.toThrow(/spec\.mtls\.enabled is true/);
  });

  it("changes nothing where an update enables it", async () => {
    const { runtime } = await callee("  api: { denied: [] }");
    const { resources } = runtime.sidecar;
    const mtls = { enabled: true, at: "x.yaml, document 1, line 6" };
    const wanted = { ...resources, configuration: { mtls } };
    await expect(runtime.update(wanted)).rejects.toThrow(/^x\.yaml, document 1, line 6: spec\.mtls\.enabled/);
    expect(runtime.sidecar.resources).toBe(resources);
  });

  it.each(["  mtls: { enabled: false }", "  mtls: {}", "  mtls: { workloadCertTTL: 24h }"])(
    "%s is fine",
    async (spec) => {
      await expect(callee(spec)).resolves.toBeDefined();
    },
  );

  it("is done without where clear text is allowed, and says so", async () => {
    const said: string[] = [];
    const quiet = () => undefined;
    const log = { debug: quiet, info: quiet, error: quiet, warn: (text: string) => said.push(text) };
    await start({ components: configurationOf(on), allowCleartext: true, log });
    expect(said.some((text) => /spec\.mtls\.enabled is true.*allowed to do without/.test(text))).toBe(true);
  });
});
