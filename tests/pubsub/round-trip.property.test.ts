import fc from "fast-check";
import { expect, it } from "vitest";
import { sidecar } from "./sidecar.ts";

const options = { numRuns: 300 };
const start = () => sidecar({ subscriptions: [{ pubsubname: "messagebus", topic: "t", route: "/t" }] });
const text = fc.string({ unit: "grapheme", maxLength: 200 });

/** Publishes with a content type and answers the event as the app parses it. */
async function arrived(on: Awaited<ReturnType<typeof start>>, body: string | Uint8Array, type: string) {
  const before = on.got.length;
  expect((await on.publish("messagebus/t", body, ["content-type", type])).status).toBe(204);
  await on.clock.advance(0);
  expect(on.got).toHaveLength(before + 1);
  return on.got[before]?.event as Record<string, unknown>;
}

it("any JSON arrives as it was published", async () => {
  const on = await start();
  const run = async (value: unknown) => {
    const json = JSON.stringify(value);
    const event = await arrived(on, json, "application/json");
    expect(JSON.stringify(event.data)).toBe(json);
  };
  await fc.assert(fc.asyncProperty(fc.jsonValue({ stringUnit: "grapheme" }), run), options);
});

it("any text arrives as it was published", async () => {
  const on = await start();
  const run = async (value: string) => {
    expect((await arrived(on, value, "text/plain")).data).toBe(value);
  };
  await fc.assert(fc.asyncProperty(text, run), options);
});

it("any bytes arrive as they were published", async () => {
  const on = await start();
  const run = async (bytes: Uint8Array) => {
    const event = await arrived(on, bytes, "application/octet-stream");
    expect(event.data_base64).toBe(Buffer.from(bytes).toString("base64"));
  };
  await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), run), options);
});

it("any topic that is escaped reaches its own subscribers and no others", async () => {
  // Dot segments are resolved before routing, in Dapr too.
  const topics = text.filter((topic) => topic !== "" && !/^\.{1,2}$/.test(topic) && topic !== "other");
  const run = async (topic: string) => {
    const on = await sidecar({
      subscriptions: [
        { pubsubname: "messagebus", topic: "other", route: "/other" },
        { pubsubname: "messagebus", topic, route: "/own" },
      ],
    });
    const { status } = await on.publish(`messagebus/${encodeURIComponent(topic)}`, "1");
    await on.clock.advance(0);
    expect([status, on.got.map(({ path, event }) => [path, event.topic])]).toEqual([204, [["/own", topic]]]);
  };
  await fc.assert(fc.asyncProperty(topics, run), options);
});
