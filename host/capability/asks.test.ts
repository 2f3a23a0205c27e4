import { describe, expect, it } from "vitest";
import { asksOf, granting } from "./asks.ts";
import { authorityOf, readGrants } from "./grants.ts";
import { readManifest } from "./read-manifest.ts";

const manifest = readManifest(
  {
    name: "asking",
    version: "1.0.0",
    description: "Asks for all there is.",
    modules: [{ name: "main", path: "main.wasm", sha256: "0".repeat(64) }],
    offers: [
      { kind: "http", openapi: "openapi.json" },
      { kind: "function", name: "count", topics: [{ pubsub: "pubsub", topic: "pictures" }] },
    ],
    needs: {
      state: [
        { store: "statestore", access: "write" },
        { store: "statestore", access: "read", keys: "docs-" },
      ],
      publish: [{ pubsub: "pubsub", topics: ["one", "two"] }],
      invoke: [{ app: "shop", methods: ["buy", "sell"] }, { app: "bank" }],
      fetch: ["https://api.example.com"],
      clock: true,
      random: true,
      rewrite: true,
    },
  },
  "capability.json",
);

/** What the package may do once these were granted, by way of what grants.yaml would say. */
function refusedWith(granted: (phrase: string) => boolean): readonly string[] {
  const asks = asksOf(manifest.needs).filter(({ phrase }) => granted(phrase));
  const written = JSON.parse(JSON.stringify({ asking: granting(asks) }));
  return authorityOf(manifest, readGrants(written, "grants").get("asking")).refused;
}

describe("what a package asks for", () => {
  it("is one question each, and all of it granted is all", () => {
    expect(asksOf(manifest.needs)).toHaveLength(12);
    expect(refusedWith(() => true)).toEqual([]);
  });

  it.each(asksOf(manifest.needs).map(({ phrase }) => phrase))("can be refused by itself: %s", (refused) => {
    expect(refusedWith((phrase) => phrase !== refused)).toEqual([refused]);
  });
});
