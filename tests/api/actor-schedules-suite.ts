import { describe, expect, test } from "vitest";
import type { Subject } from "../hosts/subject.ts";
import { actorCalls } from "./actor-calls.ts";
import { isEmpty, isError } from "./answers.ts";

/**
 * Timers, and what daprd says of reminders without its service of schedules: dapr-http-api §1.6 and §2.3, book T49. What
 * comes in time is waited for side by side.
 */
export function actorSchedulesSuite(on: Subject): void {
  const { program } = actorCalls(on);
  const at = (kind: "timers" | "reminders", id: string, name: string, type = "Plain") =>
    `/v1.0/actors/${type}/${id}/${kind}/${name}`;
  const timer = (id: string, name: string, body: unknown) => on.post(at("timers", id, name), body);
  const stop = (id: string, name: string) => on.fetch(at("timers", id, name), { method: "DELETE" });
  const ticks = (id: string, name: string, count: number) =>
    on.app.until(`/actors/Plain/${id}/method/timer/${name}`, count);
  const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

  describe.runIf(on.has("actors")).concurrent("a timer", () => {
    test.each(["POST", "PUT"])(
      "%s: the app is called with what was given, until it is deleted",
      async (method) => {
        const id = on.key("cat");
        const body = { dueTime: "0h0m0s100ms", period: "200ms", callback: "purr", data: { a: [1, null] } };
        isEmpty(await on.send(method, at("timers", id, "tick"), body));
        const [seen] = await ticks(id, "tick", 2);
        expect(seen).toMatchObject({ method: "PUT" });
        expect(seen?.headers["content-type"]).toBe("application/json");
        expect(seen?.json).toEqual(body);
        isEmpty(await stop(id, "tick"));
        await pause(300);
        const before = (await ticks(id, "tick", 2)).length;
        await pause(500);
        expect(await ticks(id, "tick", 2)).toHaveLength(before);
        isEmpty(await stop(id, "tick"));
      },
    );

    test("without a period it ticks once; without anything at once", async () => {
      const id = on.key("cat");
      isEmpty(await timer(id, "once", { dueTime: "100ms", data: "x" }));
      isEmpty(await timer(id, "bare", {}));
      expect((await ticks(id, "bare", 1))[0]?.json).toEqual({ callback: "", dueTime: "", period: "" });
      await ticks(id, "once", 1);
      await pause(400);
      expect([(await ticks(id, "once", 1)).length, (await ticks(id, "bare", 1)).length]).toEqual([1, 1]);
      await stop(id, "once");
    });

    test("ticks as often as it repeats, and no longer than its ttl", async () => {
      const id = on.key("cat");
      isEmpty(await timer(id, "twice", { dueTime: "100ms", period: "R2/PT1S" }));
      isEmpty(await timer(id, "brief", { dueTime: "100ms", period: "300ms", ttl: "400ms" }));
      await ticks(id, "twice", 2);
      await pause(1300);
      expect(await ticks(id, "twice", 2)).toHaveLength(2);
      expect((await ticks(id, "brief", 1)).length).toBeLessThanOrEqual(2);
    });

    test("is another one when it is registered again", async () => {
      const id = on.key("cat");
      isEmpty(await timer(id, "tick", { dueTime: "400ms", data: "old" }));
      isEmpty(await timer(id, "tick", { dueTime: "600ms", data: "new" }));
      await ticks(id, "tick", 1);
      await pause(200);
      expect((await ticks(id, "tick", 1)).map(({ json }) => (json as { data: string }).data)).toEqual([
        "new",
      ]);
    });

    test("ticks on where the app refuses", async () => {
      const id = on.key("cat");
      await program("Plain", id, "timer/tick", { status: 500 }, { status: 404 });
      isEmpty(await timer(id, "tick", { period: "150ms" }));
      await ticks(id, "tick", 3);
      await stop(id, "tick");
    });
  });

  describe.runIf(on.has("actors"))("the body of a timer", () => {
    const hour = { dueTime: "1h" };

    test.each([
      { ...hour, period: "R3/PT1S" },
      { ...hour, period: "P1Y2M3W4DT1H" },
      { ...hour, period: "0s" },
      { ...hour, ttl: "" },
      { ...hour, data: null },
      { ...hour, unknown: 1 },
      { dueTime: "PT1H" },
      { dueTime: "P1M" },
      { dueTime: "1.5h" },
      { dueTime: "2099-01-01T00:00:00Z" },
      { dueTime: "2099-01-01T00:00:00+02:00" },
    ])("%j", async (body) => {
      const id = on.key();
      isEmpty(await timer(id, "tick", body));
      isEmpty(await stop(id, "tick"));
    });

    test.each([
      { dueTime: "x" },
      { dueTime: "1d" },
      { dueTime: " 1h" },
      { dueTime: "PT1.5H" },
      { dueTime: "R2/PT1S" },
      { dueTime: "2099-01-01" },
      { dueTime: "99999999h" },
      { ...hour, period: "x" },
      { ...hour, period: "P" },
      { ...hour, period: "@every 1s" },
      { ...hour, period: "R0/PT1S" },
      { ...hour, period: "R99999999999999999999/PT1S" },
      { ...hour, ttl: "x" },
      { ...hour, ttl: "R2/PT1S" },
      { ...hour, ttl: "-1s" },
      { ...hour, ttl: "2000-01-01T00:00:00Z" },
    ])("%j is refused", async (body) => {
      isError(await timer("1", "tick", body), 500, "ERR_ACTOR_TIMER_CREATE");
    });

    test.each(["", "{", "[]", "1", '{"dueTime":5}', '{"dueTime":"1h","callback":1}'])(
      "%j is none",
      async (body) => {
        isError(await timer("1", "tick", body), 400, "ERR_MALFORMED_REQUEST");
      },
    );

    test.each([
      { ...hour, period: "PT5" },
      { ...hour, period: "R3" },
      { ...hour, period: "R-1/PT1S" },
      { ...hour, period: "-1s" },
      { dueTime: "-1s" },
    ])("%j says nothing, or less", async (body) => {
      const id = on.key();
      const { status } = await timer(id, "tick", body);
      await stop(id, "tick");
      expect(status === 204 ? "taken" : "refused").toBe(
        on.definition.dialect === "daprd" ? "taken" : "refused",
      );
    });
  });

  describe.runIf(on.has("actors"))("names", () => {
    test.each(["a||b", "a%20b", "%C3%A9", "__proto__"])("%s", async (name) => {
      const id = on.key();
      isEmpty(await timer(id, name, { dueTime: "1h" }));
      isEmpty(await stop(id, name));
    });

    const dots = on.has("verbatim") ? ["%2E%2E"] : [];
    test.each(["a%2Fb", "a%5Cb", "a%23b", "a%3Fb", "%00", ...dots])("%s is none", async (name) => {
      isError(await timer("1", name, { dueTime: "1h" }), 400, "ERR_BAD_REQUEST");
      isError(await on.post(at("reminders", "1", name), { dueTime: "1h" }), 400, "ERR_BAD_REQUEST");
    });

    test("GET of a timer is no endpoint", async () => {
      isError(await on.fetch(at("timers", "1", "tick")), 404, "ERR_DIRECT_INVOKE");
    });
  });

  describe.runIf(on.has("actors"))("a type that is not hosted", () => {
    test("has no timers; to delete one is nothing", async () => {
      const path = at("timers", "1", "tick", "Nobody");
      isError(await on.post(path, { dueTime: "1h" }), 500, "ERR_ACTOR_TIMER_CREATE");
      isEmpty(await on.fetch(path, { method: "DELETE" }));
    });

    test.each(["POST", "GET", "DELETE"])("has no reminders: %s", async (method) => {
      const more = method === "POST" ? { body: '{"dueTime":"1h"}' } : {};
      const path = at("reminders", "1", "ring", "Nobody");
      isError(await on.fetch(path, { method, ...more }), 403, "ERR_ACTOR_REMINDER_NON_HOSTED");
    });

    test.each(["timers", "reminders"] as const)("is one of Dapr's workflows: %s", async (kind) => {
      const path = at(kind, "1", "ring", "dapr.internal.default.app.workflow");
      isError(await on.post(path, { dueTime: "1h" }), 403, "ERR_ACTOR_TYPE_RESERVED");
      isError(await on.fetch(path, { method: "DELETE" }), 403, "ERR_ACTOR_TYPE_RESERVED");
    });
  });

  describe.runIf(on.has("actors"))("the body of a reminder", () => {
    const reminder = (body: unknown) => on.post(at("reminders", "1", "refused"), body);

    test.each([{ period: "x" }, { dueTime: "1h", period: "P1D" }, { dueTime: "1h", period: "P1M" }])(
      "%j is refused",
      async (body) => isError(await reminder(body), 500, "ERR_ACTOR_REMINDER_CREATE"),
    );

    test.each([
      "",
      "{",
      "[]",
      '{"dueTime":5}',
      '{"dueTime":"1h","overwrite":"x"}',
      '{"dueTime":"1h","failure_policy":1}',
    ])("%j is none", async (body) => isError(await reminder(body), 400, "ERR_MALFORMED_REQUEST"));
  });

  // As Dapr has them; without its service of schedules daprd has none.
  describe.runIf(on.has("reminders"))("a reminder", () => {
    const path = (id: string) => at("reminders", id, "ring");
    const rings = (id: string, count: number) =>
      on.app.until(`/actors/Plain/${id}/method/remind/ring`, count);

    test("calls the app with its data, is read, kept where it may not be overwritten, and deleted", async () => {
      const id = on.key("cat");
      const data = { a: [1, "é"] };
      isEmpty(await on.post(path(id), { dueTime: "100ms", period: "300ms", data }));
      expect((await rings(id, 2))[0]).toMatchObject({ method: "PUT", json: { data } });
      isError(
        await on.post(path(id), { dueTime: "1h", overwrite: false }),
        409,
        "ERR_ACTOR_REMINDER_ALREADY_EXISTS",
      );
      const found = await on.fetch(path(id));
      expect([found.status, found.json]).toMatchObject([200, { actorType: "Plain", actorID: id, data }]);
      isEmpty(await on.fetch(path(id), { method: "DELETE" }));
      isError(await on.fetch(path(id)), 404, "ERR_ACTOR_REMINDER_NOT_FOUND");
      isEmpty(await on.fetch(path(id), { method: "DELETE" }));
    });
  });
}
