import { describe, expect, test } from "vitest";
import type { Subject } from "../hosts/subject.ts";
import { isEmpty, isError } from "./answers.ts";

/** Contract of the configuration API: dapr-http-api §1.7, and §2.5 for what the app is told. */
export function configurationSuite(on: Subject): void {
  const base = "/v1.0/configuration";
  const change = async (key: string, value: string | null) => {
    if (on.host.change !== undefined) return await on.host.change(key, value);
    isEmpty(await on.post(`${base}/settings`, [{ key, value }]));
  };
  const query = (...keys: string[]) => new URLSearchParams(keys.map((key) => ["key", key])).toString();
  const get = (...keys: string[]) => on.fetch(`${base}/settings?${query(...keys)}`);
  const subscribe = async (...keys: string[]) => {
    const answer = await on.fetch(`${base}/settings/subscribe?${query(...keys)}`);
    expect([answer.status, answer.header("content-type")]).toEqual([200, "application/json"]);
    for (const key of keys.length === 0 ? [undefined] : keys) await on.host.listening?.(key);
    return (answer.json as { id: string }).id;
  };
  const unsubscribe = (id: string, store = "settings") => on.fetch(`${base}/${store}/${id}/unsubscribe`);
  /** What the app was told of a key under a subscription. */
  const told = async (id: string, key: string) =>
    (await on.app.recorded(`/configuration/settings/${key}`)).filter(({ text }) => text.includes(id));

  describe.runIf(on.has("settings"))("with a store", () => {
    test("what is there of what is asked for", async () => {
      const [a, b] = [on.key(), on.key()];
      await change(a, "one");
      await change(b, "two");
      const answer = await get(a, on.key(), b);
      expect([answer.status, answer.header("content-type")]).toEqual([200, "application/json"]);
      expect(answer.json).toMatchObject({ [a]: { value: "one" }, [b]: { value: "two" } });
      expect(Object.keys(answer.json as object)).toHaveLength(2);
      expect((await on.fetch(`/v1.0-alpha1/configuration/settings?${query(a)}`)).json).toMatchObject({
        [a]: { value: "one" },
      });
    });

    test("all there is, where no key is named", async () => {
      const key = on.key();
      await change(key, "one");
      expect((await on.fetch(`${base}/settings`)).json).toMatchObject({ [key]: { value: "one" } });
    });

    test.each(["?key=nothing-of-that-name", "?key="])("nothing: %s", async (keys) => {
      isEmpty(await on.fetch(`${base}/settings${keys}`));
    });

    test("the app is told of changes until it unsubscribes", async () => {
      const [key, other] = [on.key(), on.key()];
      const id = await subscribe(key);
      await change(other, "not asked for");
      await change(key, "one");
      const [seen] = await on.app.until(`/configuration/settings/${key}`, 1, ({ text }) => text.includes(id));
      expect(seen?.method).toBe("POST");
      expect(seen?.headers["content-type"]).toMatch(/^application\/json/);
      expect(seen?.json).toMatchObject({ id, items: { [key]: { value: "one" } } });
      await change(key, null);
      const [, gone] = await on.app.until(`/configuration/settings/${key}`, 2, ({ text }) =>
        text.includes(id),
      );
      expect(gone?.json).toMatchObject({ id, items: { [key]: {} } });
      expect(gone?.text).not.toContain('"value"');
      expect(await told(id, other)).toEqual([]);
      const ended = await unsubscribe(id);
      expect([ended.status, ended.json]).toEqual([200, { ok: true }]);
      const second = await subscribe(key);
      await change(key, "two");
      await on.app.until(`/configuration/settings/${key}`, 1, ({ text }) => text.includes(second));
      expect(await told(id, key)).toHaveLength(2);
      await unsubscribe(second);
    });

    test("who subscribes to all is told of each key", async () => {
      const id = await subscribe();
      const key = on.key();
      await change(key, "one");
      await on.app.until(`/configuration/settings/${key}`, 1, ({ text }) => text.includes(id));
      await unsubscribe(id);
    });

    test("an update that the app refuses is not told again, the next one is", async () => {
      const key = on.key();
      const path = `/configuration/settings/${key}`;
      await on.app.program(path, { status: 500 });
      const id = await subscribe(key);
      await change(key, "refused");
      await on.app.until(path, 1, ({ answered }) => answered === 500);
      await change(key, "taken");
      await on.app.until(path, 1, ({ text }) => text.includes("taken"));
      expect((await told(id, key)).map(({ answered }) => answered)).toEqual([500, undefined]);
      await unsubscribe(id);
    });

    test("a subscription that is not there", async () => {
      const answer = await unsubscribe("no-such-id");
      expect([answer.status, answer.json]).toEqual([
        500,
        {
          message:
            "failed to unsubscribe to configuration request no-such-id: subscription with id no-such-id does not exist",
        },
      ]);
    });

    test.each(["?key=a", "/subscribe?key=a", "/some-id/unsubscribe"])(
      "a store that is not there: %s",
      async (path) => {
        const answer = await on.fetch(`${base}/nowhere${path}`);
        isError(answer, 400, "ERR_CONFIGURATION_STORE_NOT_FOUND");
        expect(answer.message).toBe("configuration store nowhere not found");
      },
    );

    test("changing settings is daprlet's own", async () => {
      const answer = await on.post(`${base}/settings`, []);
      expect(answer.status).toBe(on.expected("configuration.set"));
    });
  });

  test.each(["PUT", "DELETE"])("%s is no endpoint", async (method) => {
    isError(await on.fetch(`${base}/settings`, { method }), 404, "ERR_DIRECT_INVOKE");
  });
}
