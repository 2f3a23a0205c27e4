import {
  type App,
  change,
  createApp,
  type Dapr,
  invoke,
  publish,
  received,
  stored,
  subscription,
} from "./dapr.ts";

export interface Letter {
  readonly id: string;
  readonly to: string;
  readonly text: string;
}

/**
 * Carries letters to whoever lives at their address. Senders know names; where a name lives, the mailman's directory
 * says, so that people may move. A letter to nobody goes back by a topic of its own.
 */
export function mailman(dapr: Dapr): App {
  const app = createApp();
  app.get("/dapr/subscribe", (c) => c.json([subscription("On_Mail", "/carry")]));
  app.post("/move", async (c) => {
    const { name, appId } = await received<{ name: string; appId: string }>(c.req.raw);
    await change<[string]>(dapr, [`address/${name}`], () => [appId]);
    return c.json({});
  });
  app.post("/carry", async (c) => {
    const letter = await received<Letter>(c.req.raw);
    const appId = await stored<string>(dapr, `address/${letter.to}`);
    if (appId === undefined) {
      await publish(dapr, "On_ReturnToSender", letter);
      return c.json({});
    }
    const answer = await invoke(dapr, appId, "letters", letter);
    // Nobody is at home: the letter is not consumed, and comes again.
    return answer.ok ? c.json({}) : c.json({ status: "RETRY" });
  });
  return app;
}

/** A letter box; the post office has one more, for what comes back. */
export function letterBox(dapr: Dapr, topics: readonly string[] = []): App {
  const app = createApp();
  app.get("/dapr/subscribe", (c) => c.json(topics.map((topic) => subscription(topic, "/letters"))));
  app.post("/letters", async (c) => {
    const letter = await received<Letter>(c.req.raw);
    await change<[Letter[]]>(dapr, ["letters"], ([letters = []]) =>
      letters.some(({ id }) => id === letter.id) ? undefined : [[...letters, letter]],
    );
    return c.json({});
  });
  app.get("/letters", async (c) => c.json((await stored(dapr, "letters")) ?? []));
  return app;
}
