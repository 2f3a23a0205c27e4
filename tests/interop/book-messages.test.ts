/** Walkthroughs of the book: what an app is sent, by calls and by events. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { expectedOn } from "../api/differences.ts";
import { type Echo, invoke, json, post, random, withEachKind } from "./fleet.ts";
import type { Launched } from "./launch.ts";

const messagebus = [
  "apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata:\n  name: messagebus\nspec:\n  type: pubsub.in-memory\n",
];

withEachKind("the book's messages", (kind, fleet) => {
  describe("an app that echoes", () => {
    const id = `phpapp-${random()}`;
    let app: Launched;
    beforeAll(async () => {
      app = await fleet.launch(kind, {
        appId: id,
        app: "echo.mjs",
        components: messagebus,
        env: {
          SUBSCRIPTIONS: JSON.stringify([
            { pubsubname: "messagebus", topic: "A", route: "A" },
            { pubsubname: "messagebus", topic: "B", route: "B" },
          ]),
        },
      });
    }, 60_000);
    afterAll(() => fleet.end());

    test.each(["GET", "POST", "PUT", "DELETE"])(
      "T14: %s with path, query, header and body",
      async (method) => {
        const answer = await app.fetch(`/v1.0/invoke/${id}/method/abc/def?param=123`, {
          method,
          headers: { "x-test": "one", ...json },
          ...(method === "GET" ? {} : { body: '{"n":1}' }),
        });
        const echo = answer.json as Echo;
        expect(echo).toMatchObject({
          method,
          uri: "/abc/def?param=123",
          body: method === "GET" ? "" : '{"n":1}',
        });
        expect(echo.headers["x-test"]).toBe("one");
      },
    );

    test("T22: publishes to messagebus and gets a CloudEvent", async () => {
      const message = `This is a test ${random()}`;
      expect((await post(app, "/v1.0/publish/messagebus/A", { message })).status).toBe(204);
      const events = async () =>
        ((await invoke(app, id, "seen")).json as Echo[]).filter(
          ({ uri, body }) => uri === "/A" && body.includes(message),
        );
      await expect.poll(async () => (await events()).length).toBe(1);
      const [event] = await events();
      expect(event?.method).toBe("POST");
      expect(event?.headers["content-type"]).toBe("application/cloudevents+json");
      expect(event?.headers.pubsubname).toBe("messagebus");
      const envelope = JSON.parse(event?.body ?? "") as Record<string, unknown>;
      expect(envelope).toMatchObject({
        data: { message },
        source: id,
        type: "com.dapr.event.sent",
        specversion: "1.0",
        topic: "A",
        pubsubname: "messagebus",
        datacontenttype: "application/json",
      });
      expect(envelope).not.toHaveProperty("subject");
    });

    test("T21: a publish without a pub/sub's name goes to the only one there is", async () => {
      const message = `This is a test ${random()}`;
      const answer = await post(app, "/v1.0/publish/A", { message });
      if (expectedOn(kind.dialect, "pubsub.unnamed") !== "published there") {
        expect([answer.status, answer.errorCode]).toEqual([404, "ERR_DIRECT_INVOKE"]);
        return;
      }
      expect(answer.status).toBe(204);
      const events = async () =>
        ((await invoke(app, id, "seen")).json as Echo[]).filter(({ body }) => body.includes(message));
      await expect.poll(async () => (await events()).length).toBe(1);
    });

    test("T21: a subscription without a pub/sub's name is to the only one there is", async () => {
      const unnamed = await fleet.launch(kind, {
        appId: `ps-${random()}`,
        app: "echo.mjs",
        components: messagebus,
        env: { SUBSCRIPTIONS: JSON.stringify([{ topic: "A", route: "A" }]) },
      });
      expect((await post(unnamed, "/v1.0/publish/messagebus/A", { message: "This is a test" })).status).toBe(
        204,
      );
      const events = async () =>
        ((await invoke(unnamed, unnamed.appId, "seen")).json as Echo[]).filter(({ uri }) => uri === "/A")
          .length;
      if (expectedOn(kind.dialect, "pubsub.unnamed-subscription") === "subscribed there") {
        await expect.poll(events).toBe(1);
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, 500));
      expect(await events()).toBe(0);
    });
  });
});
