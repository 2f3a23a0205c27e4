import { type App, change, createApp, type Dapr, publish, received, stored, subscription } from "./dapr.ts";

/** A message that knows its way: the topics still to go to. */
export interface Slip {
  readonly id: string;
  readonly slip: readonly string[];
  readonly visited: readonly string[];
}

/** One station: it does its part, takes the first topic off the slip, and sends the rest there. */
export function station(dapr: Dapr, name: string, topic: string): App {
  const app = createApp();
  app.get("/dapr/subscribe", (c) => c.json([subscription(topic, "/work")]));
  app.post("/work", async (c) => {
    const { id, slip, visited } = await received<Slip>(c.req.raw);
    const [next, ...rest] = slip;
    const worked: Slip = { id, slip: rest, visited: [...visited, name] };
    await change<[Slip]>(dapr, [`worked/${id}`], () => [worked]);
    if (next !== undefined) await publish(dapr, next, worked);
    return c.json({});
  });
  app.get("/worked/:id", async (c) => c.json((await stored(dapr, `worked/${c.req.param("id")}`)) ?? null));
  return app;
}
