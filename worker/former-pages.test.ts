import { describe, expect, it } from "vitest";
import { formerPages } from "./former-pages.ts";

const app = (appId: string, registeredAt: number) => ({
  registeredAt,
  registration: {
    appId,
    namespace: "default",
    resources: undefined,
    ports: [],
    strict: false,
    relay: undefined,
  },
});

describe("formerPages", () => {
  it("finds who still lives, whom each calls as, and who served", () => {
    const apps = [app("late", 30), app("early", 10), app("middle", 20)];
    const clients = [
      { clientId: "both", appId: "late", serving: false },
      { clientId: "both", appId: "early", serving: true },
      { clientId: "one", appId: "early", serving: true },
      { clientId: "dead", appId: "middle", serving: true },
    ];
    const former = formerPages({ apps, clients }, new Set(["both", "one", "stranger"]));
    expect(former.registrations.map(({ appId }) => appId)).toEqual(["early", "middle", "late"]);
    expect([...former.apps]).toEqual([
      ["both", "late"],
      ["one", "early"],
    ]);
    expect([...former.serving]).toEqual([["early", ["both", "one"]]]);
    expect(former.gone).toEqual([{ clientId: "dead", appId: "middle", serving: true }]);
  });

  it("makes nothing of nothing", () => {
    const former = formerPages({ apps: [], clients: [] }, new Set(["a"]));
    expect(former.registrations).toEqual([]);
    expect(former.apps.size + former.serving.size + former.gone.length).toBe(0);
  });
});
