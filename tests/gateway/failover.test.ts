import { afterAll, beforeAll, expect, it } from "vitest";
import { startTarget, type Target } from "../hosts/target.ts";
import { type Gateway, startGateway } from "../hosts/wasmtime-host.ts";
import { appRow } from "./gateway-table.ts";
import { plainUpstream, portOf, sidecarUpstream, underWasmtime } from "./gateways.ts";

/** `service_b.other` is answered for by two sites. */
underWasmtime("an app at two sites", () => {
  let targets: Target[];
  let sites: Gateway[];
  let gateway: Gateway;

  beforeAll(async () => {
    targets = await Promise.all([startTarget(), startTarget()]);
    sites = await Promise.all(
      targets.map(({ url }) => startGateway({ apps: [appRow("service_b", [plainUpstream(portOf(url))])] })),
    );
    const [b, c] = sites as [Gateway, Gateway];
    gateway = await startGateway(
      {
        region: "here",
        apps: [
          appRow("weighted", [
            plainUpstream(portOf(targets[0]?.url ?? ""), { weight: 9 }),
            plainUpstream(portOf(targets[1]?.url ?? ""), { weight: 1 }),
          ]),
          // An answer of theirs is one write: it was seen, or it was not.
          appRow(
            "dying",
            targets.map(({ url }) => plainUpstream(portOf(url))),
          ),
          appRow("near", [
            plainUpstream(portOf(targets[0]?.url ?? ""), { region: "there" }),
            plainUpstream(portOf(targets[1]?.url ?? ""), { region: "here" }),
          ]),
          appRow("second", [plainUpstream(1), plainUpstream(portOf(targets[1]?.url ?? ""), { priority: 1 })]),
        ],
        sites: [appRow("other", [sidecarUpstream(b.port), sidecarUpstream(c.port)])],
      },
      { reused: true },
    );
  }, 30_000);
  afterAll(async () => {
    await Promise.all([gateway, ...(sites ?? [])].map((each) => each?.stop()));
    await Promise.all((targets ?? []).map((target) => target.close()));
  });

  /** What each app got while that was done. */
  async function counted(calls: () => Promise<unknown>): Promise<[number, number]> {
    const before = targets.map(({ reached }) => reached.length);
    await calls();
    return targets.map(({ reached }, i) => reached.length - (before[i] ?? 0)) as [number, number];
  }

  /** So many GETs, eight at once; their statuses. */
  async function get(count: number, path: string, during = (_done: number) => {}): Promise<number[]> {
    const statuses: number[] = [];
    const worker = async () => {
      while (statuses.length < count) {
        const at = statuses.push(0) - 1;
        statuses[at] = (await gateway.fetch(path)).status;
        during(at);
      }
    };
    await Promise.all(Array.from({ length: 8 }, worker));
    return statuses;
  }

  const path = "/v1.0/invoke/service_b.other/method/foo";

  it("asks both alike", async () => {
    // Six standard deviations from one half.
    const [b, c] = await counted(() => get(400, path));
    expect(b + c).toBe(400);
    expect(Math.abs(b - c)).toBeLessThan(240);
  });

  it("asks by weight", async () => {
    const [b, c] = await counted(() => get(200, "/v1.0/invoke/weighted/method/foo"));
    expect(b + c).toBe(200);
    expect(b).toBeGreaterThan(c * 2);
  });

  it("asks its own region first, and a later priority only where an earlier one is away", async () => {
    expect(await counted(() => get(20, "/v1.0/invoke/near/method/foo"))).toEqual([0, 20]);
    expect(await counted(() => get(20, "/v1.0/invoke/second/method/foo"))).toEqual([0, 20]);
  });

  it("fails no idempotent call when one stops under load, and asks it again when it is back", async () => {
    let stopped: Promise<void> | undefined;
    const statuses = await get(600, "/v1.0/invoke/dying/method/foo", (done) => {
      if (done >= 200) stopped ??= targets[0]?.close();
    });
    await stopped;
    expect(new Set(statuses)).toEqual(new Set([200]));
    expect(await counted(() => get(50, "/v1.0/invoke/dying/method/foo"))).toEqual([0, 50]);
    targets[0] = await startTarget(portOf(targets[0]?.url ?? ""));
    await expect
      .poll(async () => (await counted(() => get(20, "/v1.0/invoke/dying/method/foo")))[0], {
        timeout: 15_000,
        interval: 200,
      })
      .toBeGreaterThan(0);
  });
});
