import { type App, change, createApp, type Dapr, publish, received, stored, subscription } from "./dapr.ts";

interface Part {
  readonly job: string;
  readonly part: number;
  readonly from: number;
  readonly to: number;
}

interface Sum {
  readonly job: string;
  readonly part: number;
  readonly sum: number;
}

interface Job {
  readonly parts: number;
  /** By part: a sum that comes twice counts once. */
  readonly sums: Readonly<Record<string, number>>;
}

/** Splits the numbers from 1 to `to` into parts, and adds up the sums that workers send back. */
export function splitter(dapr: Dapr): App {
  const app = createApp();
  app.get("/dapr/subscribe", (c) => c.json([subscription("On_Sum", "/sums")]));
  app.post("/jobs", async (c) => {
    const { id, to, parts } = await received<{ id: string; to: number; parts: number }>(c.req.raw);
    await change<[Job]>(dapr, [`job/${id}`], ([job]) =>
      job === undefined ? [{ parts, sums: {} }] : undefined,
    );
    const size = to / parts;
    for (let part = 0; part < parts; part++) {
      const numbers: Part = { job: id, part, from: 1 + part * size, to: (part + 1) * size };
      await publish(dapr, "On_Part", numbers);
    }
    return c.json({}, 202);
  });
  app.post("/sums", async (c) => {
    const { job, part, sum } = await received<Sum>(c.req.raw);
    await change<[Job]>(dapr, [`job/${job}`], ([now = { parts: 0, sums: {} }]) => [
      { ...now, sums: { ...now.sums, [part]: sum } },
    ]);
    return c.json({});
  });
  app.get("/jobs/:id", async (c) => {
    const job = await stored<Job>(dapr, `job/${c.req.param("id")}`);
    const sums = Object.values(job?.sums ?? {});
    return c.json({ counter: sums.length, total: sums.reduce((total, sum) => total + sum, 0) });
  });
  return app;
}

/** One of several instances of an app, which compete for the parts. */
export function worker(dapr: Dapr): App {
  const app = createApp();
  app.get("/dapr/subscribe", (c) => c.json([subscription("On_Part", "/parts")]));
  app.post("/parts", async (c) => {
    const { job, part, from, to } = await received<Part>(c.req.raw);
    let sum = 0;
    for (let number = from; number <= to; number++) sum += number;
    await publish(dapr, "On_Sum", { job, part, sum } satisfies Sum);
    return c.json({});
  });
  return app;
}
