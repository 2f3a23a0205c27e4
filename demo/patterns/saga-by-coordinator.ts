import { book, cancel, type Trip } from "./booking.ts";
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

interface Saga {
  readonly state: "booking" | "cancelling" | "booked" | "cancelled";
  /** How many of the services have booked. */
  readonly done: number;
}

/** A service that a coordinator calls: it books and cancels, and answers 409 where it has nothing left. */
export function bookable(dapr: Dapr, stock: number): App {
  const app = createApp();
  app.post("/book", async (c) => {
    const standing = await book(dapr, await received<Trip>(c.req.raw), stock);
    return c.json({ standing }, standing === "booked" ? 200 : 409);
  });
  app.post("/cancel", async (c) => {
    await cancel(dapr, await received<Trip>(c.req.raw), stock);
    return c.json({});
  });
  app.get("/books", async (c) => c.json(await stored(dapr, "books")));
  return app;
}

/**
 * Leads a trip through `services`, and back where one refuses. How far it came is stored after every step, and the event
 * that began it is not consumed before the end: whoever gets it again goes on from there.
 */
export function coordinator(dapr: Dapr, services: readonly string[]): App {
  const key = (trip: Trip) => `saga/${trip.id}`;

  /** The saga one step on. */
  async function step(trip: Trip, { state, done }: Saga): Promise<Saga> {
    const service = services[state === "booking" ? done : done - 1];
    if (service === undefined) return { state: state === "booking" ? "booked" : "cancelled", done };
    const answer = await invoke(dapr, service, state === "booking" ? "book" : "cancel", trip);
    if (answer.ok) return { state, done: state === "booking" ? done + 1 : done - 1 };
    if (state === "booking" && answer.status === 409) return { state: "cancelling", done };
    throw new Error(`${service} answered ${answer.status}`);
  }

  async function lead(trip: Trip): Promise<Saga> {
    let saga = (await stored<Saga>(dapr, key(trip))) ?? { state: "booking", done: 0 };
    while (saga.state === "booking" || saga.state === "cancelling") {
      const before = saga;
      const after = await step(trip, before);
      // Another instance may lead the same trip: whoever stores a step first is right, and both go on from it.
      [saga] = await change<[Saga]>(dapr, [key(trip)], ([now = { state: "booking", done: 0 }]) =>
        now.state === before.state && now.done === before.done ? [after] : undefined,
      );
    }
    return saga;
  }

  const app = createApp();
  app.get("/dapr/subscribe", (c) => c.json([subscription("On_BookTrip", "/lead")]));
  app.post("/trips", async (c) => {
    await publish(dapr, "On_BookTrip", await received<Trip>(c.req.raw));
    return c.json({}, 202);
  });
  app.post("/lead", async (c) => c.json(await lead(await received<Trip>(c.req.raw))));
  app.get("/trips/:id", async (c) => c.json((await stored(dapr, key({ id: c.req.param("id") }))) ?? null));
  return app;
}
