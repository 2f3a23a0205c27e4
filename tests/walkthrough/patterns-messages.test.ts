/** T44 and the mailman: content-based router, routing slip, MapReduce, addressed letters. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { contentRouter, type Goods, UNROUTED } from "../../demo/patterns/content-router.ts";
import type { Dapr } from "../../demo/patterns/dapr.ts";
import { type Letter, letterBox, mailman } from "../../demo/patterns/mailman.ts";
import { splitter, worker } from "../../demo/patterns/map-reduce.ts";
import { type Slip, station } from "../../demo/patterns/routing-slip.ts";
import type { LocalRuntime } from "../../host/node/create-runtime.ts";
import { post, stored, Town } from "./town.ts";

let town: Town;
beforeEach(() => {
  town = new Town();
});
afterEach(() => town.close());

const publish = (by: LocalRuntime, topic: string, data: unknown) =>
  post(by, `/v1.0/publish/pubsub/${topic}`, data);

describe("content-based router", () => {
  test("each of 100 mixed messages reaches one handler, what fits none the dead letters", async () => {
    const router = await town.start("router", contentRouter);
    const kinds = ["book", "toy", "rarity", "bicycle"];
    const goods = Array.from({ length: 100 }, (_, id): Goods => {
      const kind = kinds[id % 4] as string;
      return kind === "rarity" ? { id, kind: "book", price: 1_000 } : { id, kind, price: 10 };
    });
    for (const one of goods) await publish(router, "On_Message", one);
    const expected = (kind: string) => goods.filter((_, id) => kinds[id % 4] === kind).map(({ id }) => id);
    const paths = ["/books", "/toys", "/rarities", "/unrouted"];
    const found = await town.until(
      () => Promise.all(paths.map(async (path) => (await stored<number[]>(router, path)) ?? [])),
      (all) => all.flat().length === 100,
    );
    const sorted = found.map((ids) => [...ids].sort((a, b) => a - b));
    expect(sorted).toEqual(["book", "toy", "rarity", "bicycle"].map(expected));
  });

  test("a dead letter comes to whoever asks for it, as it was", async () => {
    await town.start("router", contentRouter);
    const got: unknown[] = [];
    const keeper = await town.start("keeper", () => ({
      async fetch(request) {
        if (new URL(request.url).pathname === "/dapr/subscribe") {
          return Response.json([{ pubsubname: "pubsub", topic: UNROUTED, route: "/dead" }]);
        }
        got.push(((await request.json()) as { data: unknown }).data);
        return new Response();
      },
    }));
    await publish(keeper, "On_Message", { id: 1, kind: "bicycle" });
    await town.until(
      async () => got.length,
      (count) => count === 1,
    );
    expect(got).toEqual([{ id: 1, kind: "bicycle" }]);
  });
});

describe("routing slip", () => {
  const stations = [
    { name: "A", topic: "On_Order" },
    { name: "B", topic: "On_AComplete" },
    { name: "C", topic: "On_CComplete" },
    { name: "D", topic: "On_BComplete" },
  ];

  test.each([0, 1, 2, 3])(
    "goes its own way, and D is last with an empty slip; B crashes at its call %i",
    async (call) => {
      const running = new Map<string, LocalRuntime>();
      for (const { name, topic } of stations) {
        const program = (dapr: Dapr) => station(dapr, name, topic);
        const crashed = async () => {
          const before = running.get(name) as LocalRuntime;
          running.set(name, await town.start(`station-${name}`, program));
          await town.end(before);
        };
        const options = name === "B" && call > 0 ? { crashAfter: call, crashed } : {};
        running.set(name, await town.start(`station-${name}`, program, options));
      }
      const at = (name: string) => stored<Slip>(running.get(name) as LocalRuntime, "worked/1");
      const slip = ["On_AComplete", "On_BComplete"];
      await publish(running.get("A") as LocalRuntime, "On_Order", { id: "1", slip, visited: [] });
      const last = await town.until(
        () => at("D"),
        (found) => found !== undefined,
      );
      expect(last).toEqual({ id: "1", slip: [], visited: ["A", "B", "D"] });
      expect(await at("C")).toBeUndefined();
    },
  );
});

describe("MapReduce", () => {
  test("1…1000 in 10 parts over four workers, one of which ends in the middle", async () => {
    const split = await town.start("splitter", splitter);
    const shares = [0, 0, 0, 0];
    const workers: LocalRuntime[] = [];
    for (const i of shares.keys()) {
      const program = (dapr: Dapr) => {
        const app = worker(dapr);
        return {
          async fetch(request: Request) {
            if (request.method === "POST") shares[i] = (shares[i] ?? 0) + 1;
            // The first is never done with its part.
            if (i === 0 && request.method === "POST") throw new Error("the worker's machine has burnt down");
            return await app.fetch(request);
          },
        };
      };
      workers.push(await town.start("worker", program));
    }
    expect(await post(split, "/v1.0/invoke/splitter/method/jobs", { id: "1", to: 1_000, parts: 10 })).toBe(
      202,
    );
    await town.until(
      async () => shares[0],
      (share) => share !== 0,
    );
    await town.end(workers[0] as LocalRuntime);
    const job = await town.until(
      async () => {
        const answer = await split.fetch("/v1.0/invoke/splitter/method/jobs/1");
        return (await answer.json()) as { counter: number; total: number };
      },
      ({ counter }) => counter === 10,
    );
    expect(job).toEqual({ counter: 10, total: 500_500 });
    expect(shares.slice(1).every((share) => share > 0)).toBe(true);
  });
});

describe("mailman", () => {
  test("letters find their readers, also when these move, and come back from nowhere", async () => {
    const office = await town.start("mailman", mailman);
    const first = await town.start("first-house", (dapr) => letterBox(dapr));
    const second = await town.start("second-house", (dapr) => letterBox(dapr));
    const returned = await town.start("returns", (dapr) => letterBox(dapr, ["On_ReturnToSender"]));
    const move = (name: string, appId: string) =>
      post(office, "/v1.0/invoke/mailman/method/move", { name, appId });
    const send = (id: string, to: string) => publish(office, "On_Mail", { id, to, text: `for ${to}` });
    const letters = async (box: LocalRuntime) =>
      ((await stored<Letter[]>(box, "letters")) ?? []).map(({ id }) => id).sort();
    const arrived = (box: LocalRuntime, ...ids: string[]) =>
      town.until(
        () => letters(box),
        (found) => found.join() === ids.join(),
      );

    await move("Ada", "first-house");
    await move("Grace", "second-house");
    await send("1", "Ada");
    await send("2", "Grace");
    await send("3", "Nobody");
    await arrived(first, "1");
    await arrived(second, "2");
    await arrived(returned, "3");
    await move("Ada", "second-house");
    await send("4", "Ada");
    await arrived(second, "2", "4");
    expect(await letters(first)).toEqual(["1"]);
  });

  test("a letter waits for a house that is not there yet", async () => {
    const office = await town.start("mailman", mailman);
    await post(office, "/v1.0/invoke/mailman/method/move", { name: "Ada", appId: "house" });
    await publish(office, "On_Mail", { id: "1", to: "Ada", text: "patience" });
    await town.rest();
    const house = await town.start("house", (dapr) => letterBox(dapr));
    const letters = await town.until(
      () => stored<Letter[]>(house, "letters"),
      (found) => found !== undefined,
    );
    expect(letters?.map(({ text }) => text)).toEqual(["patience"]);
  });
});
