import { describe, expect, it } from "vitest";
import { FakeClock } from "../host/fake-clock.ts";
import { Devices } from "./devices.ts";
import { PageConnection } from "./page-connection.ts";

interface Window {
  readonly id: string;
  readonly visibilityState: string;
  readonly focused: boolean;
}

function devices(windows: readonly Window[]) {
  const clients = { matchAll: async () => [...windows] };
  return new Devices({ clients } as unknown as ServiceWorkerGlobalScope);
}

/** A page that answers what it is asked with its own id. */
function page(clientId: string): PageConnection {
  const { port1, port2 } = new MessageChannel();
  port2.onmessage = ({ data: { type, id } }) => {
    if (type === "device") port2.postMessage({ type: "device", id, answer: { text: clientId } });
  };
  return new PageConnection(clientId, clientId, port1, new FakeClock(), {
    handle: () => Promise.reject(new Error("nothing is called")),
    serving: async () => undefined,
    relay: () => undefined,
    closed: () => undefined,
  });
}

const read = { kind: "read-clipboard" } as const;
const window = (id: string, visible = true, focused = false): Window => ({
  id,
  visibilityState: visible ? "visible" : "hidden",
  focused,
});

describe("who is asked for what needs the user", () => {
  it("the page in front, of that app", async () => {
    const all = devices([
      window("hidden", false),
      window("visible"),
      window("other", true, true),
      window("front", true, true),
    ]);
    const pages = ["hidden", "visible", "front", "other"].map(page);
    for (const one of pages) all.add(one, one.clientId === "other" ? "another" : "app");
    expect(await all.ask("app", read, undefined)).toEqual({ text: "front" });
    pages[2]?.close();
    expect(await all.ask("app", read, undefined)).toEqual({ text: "visible" });
    expect(await all.ask("another", read, undefined)).toEqual({ text: "other" });
    for (const one of pages) one.close();
  });

  it("nobody where none is visible, which the error says", async () => {
    const all = devices([window("hidden", false)]);
    const hidden = page("hidden");
    all.add(hidden, "app");
    await expect(all.ask("app", read, undefined)).rejects.toThrow(
      "it needs the user: no page of app app is open and visible",
    );
    hidden.close();
  });
});
