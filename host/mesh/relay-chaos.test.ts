import { describe, expect, it } from "vitest";
import { MemorySockets } from "../../tests/mesh/memory-sockets.ts";
import { FakeClock } from "../fake-clock.ts";
import { Relay } from "./relay.ts";
import { RelayClient } from "./relay-client.ts";

/** A small generator with a seed, so that a failure can be run again. */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * Publishers and competing subscribers while the network is cut, goes deaf and stays away at random; handlers fail at
 * random and take their time. At its end everything is connected and time goes by.
 */
async function storm(seed: number) {
  const random = generator(seed);
  const clock = new FakeClock();
  const sockets = new MemorySockets(clock);
  const platform = sockets.platform();
  sockets.relay = new Relay({ platform, grants: [] });
  const member = (appId: string) =>
    new RelayClient(platform).open({ url: "ws://r", room: "r", token: undefined, appId, namespace: "n" });
  const consumed = new Map<string, string[]>([
    ["a", []],
    ["b", []],
  ]);
  const delivery = { concurrency: 4, backOff: { initialMs: 100, maxMs: 1_000 } };
  for (const appId of ["a", "a", "b"]) {
    const connection = await member(appId);
    await connection.subscribe(
      { topic: "t", consumerId: appId, metadata: new Map() },
      async ({ data }) => {
        if (random() < 0.5) await new Promise<void>((resolve) => void clock.after(random() * 500, resolve));
        if (random() < 0.1) throw new Error("not now");
        consumed.get(appId)?.push(new TextDecoder().decode(data));
      },
      delivery,
    );
  }
  const acknowledged = new Set<string>();
  const sent = new Set<string>();
  const publishers = await Promise.all(["p", "q"].map(member));
  for (let n = 0; n < 150; n++) {
    const text = `e${n}`;
    sent.add(text);
    publishers[n % 2]
      ?.publish({
        topic: "t",
        data: new TextEncoder().encode(text),
        contentType: undefined,
        metadata: new Map(),
        requestId: random() < 0.3 ? `id-${n}` : undefined,
      })
      .then(
        () => acknowledged.add(text),
        () => undefined,
      );
    const dice = random();
    if (dice < 0.04) sockets.cut();
    else if (dice < 0.06) sockets.deaf = true;
    else if (dice < 0.08) {
      sockets.up = false;
      sockets.cut();
    } else if (dice < 0.2) sockets.up = true;
    await clock.advance(random() * 300);
    if (sockets.deaf && random() < 0.5) sockets.cut();
  }
  sockets.up = true;
  sockets.cut();
  await clock.advance(120_000);
  return { acknowledged, sent, consumed };
}

describe("a relay in a storm", () => {
  it("loses nothing that it acknowledged and invents nothing, for 40 seeds", async () => {
    let doubles = 0;
    let total = 0;
    let accepted = 0;
    for (let seed = 1; seed <= 40; seed++) {
      const { acknowledged, sent, consumed } = await storm(seed);
      accepted += acknowledged.size;
      for (const [app, events] of consumed) {
        const got = new Set(events);
        const lost = [...acknowledged].filter((event) => !got.has(event));
        expect(lost, `seed ${seed}, app ${app}`).toEqual([]);
        for (const event of got) expect(sent.has(event), `seed ${seed}`).toBe(true);
        doubles += events.length - got.size;
        total += got.size;
      }
    }
    // A storm that lets nothing through would prove nothing.
    expect(accepted / 40).toBeGreaterThan(50);
    // At least once allows them; the session's resumption keeps them rare.
    expect(doubles / total).toBeLessThan(0.02);
  }, 60_000);
});
