import { expect, it } from "vitest";
import type { PlacementTables, TableHost } from "../../host/actors/placement/membership.ts";
import { Owners } from "../../host/actors/placement/owners.ts";
import { PlacementService } from "../../host/actors/placement/placement-service.ts";
import { FakeClock } from "../../host/fake-clock.ts";
import { nodeCore } from "../../host/node/core-module.ts";
import { silent } from "../mesh/memory-sockets.ts";

const hosts: readonly TableHost[] = ["a", "b", "c"].map((name) => ({ name, appId: "app" }));
const names = hosts.map(({ name }) => name);
const ids = Array.from({ length: 200 }, (_, i) => `actor-${i}`);

async function owners() {
  const core = await nodeCore();
  const halted: string[][] = [];
  const made = new Owners("a", core, new FakeClock(), {
    halt: async (types) => void halted.push([...types]),
    claim: async () => undefined,
    settled: () => undefined,
  });
  const follow = async (tables: PlacementTables) => {
    await made.update(tables);
    await made.unlock(tables.version);
  };
  return { core, made, halted, follow };
}

it("chooses owners by the scheme of the coordinator's tables, and halts where that changes", async () => {
  const { core, made, halted, follow } = await owners();
  const types = new Map([["Cat", hosts]]);
  await follow({ version: 1, term: 1, types });
  const ring = core.ring(names, 100);
  expect(ids.map((id) => made.now("Cat", id))).toEqual(ids.map((id) => hosts[ring.owner(id)]));
  await follow({ version: 2, term: 1, types });
  expect(halted).toEqual([["Cat"]]);
  await follow({ version: 1, term: 2, types, scheme: "rendezvous" });
  const rendezvous = core.rendezvous(names);
  expect(ids.map((id) => made.now("Cat", id))).toEqual(ids.map((id) => hosts[rendezvous.owner(id)]));
  expect(halted).toEqual([["Cat"], ["Cat"]]);
  expect(ids.some((id) => ring.owner(id) !== rendezvous.owner(id))).toBe(true);
});

it("is told the scheme by the coordinator", async () => {
  const clock = new FakeClock();
  const service = new PlacementService({
    ...{ clock, log: silent, namespace: "default", term: 1, unknownMs: 0, scheme: "rendezvous" },
  });
  const sent: Record<string, unknown>[] = [];
  const sender = {
    appId: "app",
    mayBe: () => true,
    send: (message: object) => void sent.push({ ...message }),
  };
  const of = { key: "k", incarnation: 1 };
  service.receive(sender, { t: "join", ...of, ping: 1, revision: 1, name: "a", types: ["Cat"] });
  const step = sent.find(({ t }) => t === "step")?.step as number;
  service.receive(sender, { t: "alive", ...of, ping: 2, seen: step, acknowledged: step });
  expect(sent.find(({ tables }) => tables !== undefined)?.tables).toMatchObject({ scheme: "rendezvous" });
  service.close();
});
