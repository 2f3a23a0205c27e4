import { afterEach, expect, it, vi } from "vitest";
import { systemClock } from "../../host/web-platform.ts";
import { PROTOCOL, type WireRequest } from "../messages.ts";
import { WorkerDoor, type WorkerDoorOptions } from "./worker-door.ts";

afterEach(() => vi.unstubAllGlobals());

it("answers a page that asks a sidecar again and again that cannot open, and lets its events through", async () => {
  vi.stubGlobal("addEventListener", () => undefined);
  const active = {
    state: "activated",
    postMessage: (_hello: unknown, [port]: readonly MessagePort[]) =>
      port?.postMessage({ type: "refused", message: "component s: its server is down", protocol: PROTOCOL }),
  };
  const door = new WorkerDoor({
    registration: { active, scope: "https://page.test/" },
    container: Object.assign(new EventTarget(), { controller: null, startMessages: () => undefined }),
    settings: { appId: "a" },
    clock: systemClock,
    fetch: () => Promise.reject(new Error("no fetch is expected")),
    session: "s",
  } as unknown as WorkerDoorOptions);
  await expect(door.open()).rejects.toThrow("its server is down");
  const request: WireRequest = {
    method: "GET",
    path: "/v1.0/state/s/k",
    query: "",
    headers: [],
    body: undefined,
  };
  let turned = false;
  setTimeout(() => {
    turned = true;
  });
  for (let i = 0; i < 1_000 && !turned; i++) expect((await door.call(request, undefined)).status).toBe(503);
  expect(turned).toBe(true);
  door.close();
});
