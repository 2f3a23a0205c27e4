import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import type { Peer } from "../../host/mesh/transport.ts";
import { createRuntime, type LocalRuntime } from "../../host/node/create-runtime.ts";
import { MachineTransport } from "../../host/node/machine-transport.ts";
import { consoleLog, systemClock } from "../../host/web-platform.ts";
import { request, room, say } from "../mesh/relay-room.ts";
import { configurationOf } from "./callee.ts";

const log = consoleLog("error", "test");
const running: LocalRuntime[] = [];
const folders: string[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((runtime) => runtime.stop()));
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

async function onMachine(folder: string, appId: string, spec: string, namespace?: string) {
  const runtime = await createRuntime({
    appId,
    components: configurationOf(spec),
    app: () => new Response(appId),
    transports: [new MachineTransport({ folder, clock: systemClock, log })],
    clock: "system",
    ...(namespace !== undefined && { namespace }),
  });
  running.push(runtime);
  return runtime;
}

describe("who a transport says is calling", () => {
  it("on one machine: app, namespace and the trust domain of the caller's Configuration", async () => {
    const folder = mkdtempSync(join(tmpdir(), "da-"));
    folders.push(folder);
    const policies = [
      { appId: "trusted", namespace: "default", trustDomain: "mine", defaultAction: "allow" },
      { appId: "usual", namespace: "default", defaultAction: "allow" },
    ];
    await onMachine(
      folder,
      "callee",
      `  accessControl: ${JSON.stringify({ defaultAction: "deny", policies })}`,
    );
    const invoke = async (appId: string, spec: string, namespace?: string) => {
      const runtime = await onMachine(folder, appId, spec, namespace);
      // A header of the call itself says nothing.
      const headers = { "daprlet-caller": "default/usual", "dapr-caller-app-id": "usual" };
      return (await runtime.fetch("/v1.0/invoke/callee.default/method/x", { headers })).status;
    };
    expect(await invoke("trusted", "  accessControl: { trustDomain: mine }")).toBe(200);
    expect(await invoke("trusted", "  accessControl: { trustDomain: public }")).toBe(403);
    expect(await invoke("usual", "  features: []")).toBe(200);
    expect(await invoke("usual", "  features: []", "other")).toBe(403);
    expect(await invoke("stranger", "  features: []")).toBe(403);
  });

  it.each<[token: string | undefined, claimed: boolean]>([
    ["bound", false],
    ["shared", true],
  ])("through a relay with a token that is %s: claimed is %s", async (token, claimed) => {
    const { open, clock } = room({ grants: [{ token: "bound", appId: "a" }, { token: "shared" }] });
    const callers: Peer[] = [];
    const callee = await open("b", "shared");
    await callee.transport.join({ appId: "b", namespace: "default", instance: "b-1" }, async (_, caller) => {
      callers.push(caller);
      return say("b");
    });
    const caller = await open("a", token);
    await caller.transport.join({ appId: "a", namespace: "default", instance: "a-1" }, async () => say("a"));
    await clock.advance(0);
    const [instance] = await caller.transport.instances("b", "default");
    await instance?.invoke(request("/x"));
    expect(callers).toMatchObject([{ appId: "a", namespace: "default", claimed }]);
  });
});
