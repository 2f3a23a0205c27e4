import { type App, change, createApp, type Dapr, received, stored, subscription } from "./dapr.ts";

export interface Goods {
  readonly id: number;
  readonly kind: string;
  readonly price?: number;
}

/** Where goods go: by rules over the event, in their order. */
const rules = [
  {
    match: 'event.data.kind == "book" && has(event.data.price) && event.data.price > 100.0',
    path: "/rarities",
  },
  { match: 'event.data.kind == "book"', path: "/books" },
  { match: 'event.data.kind == "toy"', path: "/toys" },
];

export const UNROUTED = "On_Unrouted";

/** Events of one topic to one handler each, by what is in them. What no rule fits goes to the dead letters. */
export function contentRouter(dapr: Dapr): App {
  const app = createApp();
  app.get("/dapr/subscribe", (c) =>
    c.json([
      subscription("On_Message", { rules }, { deadLetterTopic: UNROUTED }),
      subscription(UNROUTED, "/unrouted"),
    ]),
  );
  for (const path of [...rules.map((rule) => rule.path), "/unrouted"]) {
    app.post(path, async (c) => {
      const { id } = await received<Goods>(c.req.raw);
      await change<[number[]]>(dapr, [path], ([before = []]) =>
        before.includes(id) ? undefined : [[...before, id]],
      );
      return c.json({});
    });
    app.get(path, async (c) => c.json((await stored(dapr, path)) ?? []));
  }
  return app;
}
