import { describe, expect, test } from "vitest";
import type { Subject } from "../hosts/subject.ts";
import { actorCalls } from "./actor-calls.ts";
import { isError } from "./answers.ts";

/** Whose turn it is, and when an actor is let go of: dapr-actors §3.3 and §3.4. The tests wait side by side. */
export function actorTurnsSuite(on: Subject): void {
  const { call, program, release, recorded, until } = actorCalls(on);
  const uris = async (type: string, id: string) =>
    (await recorded(type, id, "meow")).map(({ uri }) => uri.slice(uri.indexOf("?") + 1));
  /** So much later a call is behind another one: a gateway may have to ask for the owner first. */
  const apart = on.has("sidecar") ? 20 : 200;
  const held = { status: 200, held: true };
  const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

  describe.runIf(on.has("actors")).concurrent("turns", () => {
    test("calls of one actor follow each other in their order, and other actors do not wait", async () => {
      const id = on.key("cat");
      await program("Plain", id, "meow", held);
      const calls = [];
      for (let n = 0; n < 5; n++) {
        calls.push(call("Plain", id, `meow?${n}`));
        if (n === 0) await until("Plain", id, "meow", 1);
        else await pause(apart);
      }
      expect((await call("Plain", on.key(), "meow")).status).toBe(200);
      expect(await uris("Plain", id)).toEqual(["0"]);
      await release("Plain", id, "meow");
      expect((await Promise.all(calls)).map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
      expect(await uris("Plain", id)).toEqual(["0", "1", "2", "3", "4"]);
    });

    test.runIf(on.has("hangups"))(
      "a caller that goes away while it waits gives up its place, and nobody else's",
      async () => {
        const id = on.key("cat");
        await program("Plain", id, "meow", held);
        const first = call("Plain", id, "meow?0");
        await until("Plain", id, "meow", 1);
        const second = call("Plain", id, "meow?1", { timeout: 150 }).catch(() => "gone");
        await pause(30);
        const third = call("Plain", id, "meow?2");
        await second;
        await pause(50);
        expect(await uris("Plain", id)).toEqual(["0"]);
        await release("Plain", id, "meow");
        expect([(await first).status, (await third).status]).toEqual([200, 200]);
        expect(await uris("Plain", id)).toEqual(["0", "2"]);
      },
    );

    test.runIf(on.has("hangups"))("a caller that goes away in its turn ends it", async () => {
      const id = on.key("cat");
      await program("Plain", id, "meow", held);
      const first = call("Plain", id, "meow?0", { timeout: 200 }).catch(() => "gone");
      await until("Plain", id, "meow", 1);
      const second = await call("Plain", id, "meow?1");
      expect([second.status, await uris("Plain", id)]).toEqual([200, ["0", "1"]]);
      await first;
    });

    test("a chain of calls comes back to a reentrant actor, others wait", async () => {
      const id = on.key("cat");
      await program("Deep", id, "meow", held);
      const first = call("Deep", id, "meow?0");
      const [running] = await until("Deep", id, "meow", 1);
      const chain = running?.headers["dapr-reentrancy-id"] ?? "";
      expect(chain).toMatch(/^[0-9a-f-]{36}$/);
      const other = call("Deep", id, "meow?1");
      const again = await call("Deep", id, "meow?2", { headers: { "Dapr-Reentrancy-Id": chain } });
      expect([again.status, await uris("Deep", id)]).toEqual([200, ["0", "2"]]);
      await release("Deep", id, "meow");
      expect([(await first).status, (await other).status]).toEqual([200, 200]);
    });

    test("an actor that is not reentrant waits for itself", async () => {
      const id = on.key("cat");
      const headers = { "Dapr-Reentrancy-Id": "chain" };
      await program("Plain", id, "meow", held);
      const first = call("Plain", id, "meow?0", { headers });
      await until("Plain", id, "meow", 1);
      const again = call("Plain", id, "meow?1", { headers });
      await pause(50);
      expect(await uris("Plain", id)).toEqual(["0"]);
      await release("Plain", id, "meow");
      expect([(await first).status, (await again).status]).toEqual([200, 200]);
    });

    test("a chain is as deep as its type allows, and what is too deep leaves nothing behind", async () => {
      const id = on.key("cat");
      const options = { headers: { "Dapr-Reentrancy-Id": "chain" } };
      await program("Deep", id, "meow", held, held, held);
      const calls = [0, 1, 2].map((n) => call("Deep", id, `meow?${n}`, options));
      await until("Deep", id, "meow", 3);
      isError(await call("Deep", id, "meow?3", options), 500, "ERR_ACTOR_STACK_DEPTH");
      await release("Deep", id, "meow");
      expect((await Promise.all(calls)).map(({ status }) => status)).toEqual([200, 200, 200]);
      const after = await call("Deep", id, "meow", { timeout: 1000 }).then(
        ({ status }) => status,
        () => "hangs",
      );
      expect(after).toBe(on.expected("actors.after-depth"));
    });

    test("an idle actor is let go of, once", async () => {
      const id = on.key("cat");
      await call("Brief", id, "meow");
      await on.app.until(`/actors/Brief/${id}`, 1, ({ method }) => method === "DELETE");
      isError(await on.post(`/v1.0/actors/Brief/${id}/state`, []), 400, "ERR_ACTOR_INSTANCE_MISSING");
      expect(await on.app.recorded(`/actors/Brief/${id}`)).toHaveLength(1);
      expect((await call("Brief", id, "meow")).status).toBe(200);
    });

    test("a call that lasts longer than an actor may be idle", async () => {
      const id = on.key("cat");
      await program("Brief", id, "meow", { status: 200, delay: 1500 });
      expect((await call("Brief", id, "meow")).status).toBe(on.expected("actors.long-turn"));
    });
  });
}
