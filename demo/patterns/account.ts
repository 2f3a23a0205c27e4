import { type App, change, createApp, type Dapr, received, stored, subscription } from "./dapr.ts";

interface Deposit {
  readonly id: string;
  readonly amount: number;
}

/**
 * One handler, reached by invocation, by topic and by a binding named `deposit`, which posts to the route of its name.
 * It does not know which.
 */
export function account(dapr: Dapr): App {
  const app = createApp();
  app.get("/dapr/subscribe", (c) => c.json([subscription("deposit", "/deposit")]));
  app.post("/deposit", async (c) => {
    const { id, amount } = await received<Deposit>(c.req.raw);
    const [balance] = await change<[number]>(dapr, [`balance/${id}`], ([before = 0]) => [before + amount]);
    return c.json({ id, balance });
  });
  app.get("/:account", async (c) => {
    const id = c.req.param("account");
    const balance = await stored<number>(dapr, `balance/${id}`);
    return balance === undefined ? c.notFound() : c.json({ id, balance });
  });
  return app;
}
