import { book, cancel, type Trip } from "./booking.ts";
import { type App, createApp, type Dapr, publish, received, stored, subscription } from "./dapr.ts";

interface Step {
  /** The event that asks for this service's part of a trip. */
  readonly on: string;
  readonly booked: string;
  /** Raised where there is none left. */
  readonly refused: string;
  /** Events upon which it takes its part back. */
  readonly undoneBy: readonly string[];
}

/** Flight, hotel, car: each knows the event before it, and those that undo it. Nobody knows the whole trip. */
export const steps: Readonly<Record<"flight" | "hotel" | "car", Step>> = {
  flight: {
    on: "On_BookTrip",
    booked: "On_FlightBooked",
    refused: "On_FlightOutOfStock",
    undoneBy: ["On_HotelOutOfStock", "On_CarOutOfStock"],
  },
  hotel: {
    on: "On_FlightBooked",
    booked: "On_HotelBooked",
    refused: "On_HotelOutOfStock",
    undoneBy: ["On_CarOutOfStock"],
  },
  car: { on: "On_HotelBooked", booked: "On_TripBooked", refused: "On_CarOutOfStock", undoneBy: [] },
};

/** One service of a saga by events. What it did is stored before it is told, so an event that comes again tells it again. */
export function sagaByEvents(dapr: Dapr, service: keyof typeof steps, stock: number): App {
  const { on, booked, refused, undoneBy } = steps[service];
  const app = createApp();
  app.get("/dapr/subscribe", (c) =>
    c.json([subscription(on, "/book"), ...undoneBy.map((topic) => subscription(topic, "/cancel"))]),
  );
  app.post("/book", async (c) => {
    const trip = await received<Trip>(c.req.raw);
    const standing = await book(dapr, trip, stock);
    if (standing === "booked") await publish(dapr, booked, trip);
    if (standing === "refused") await publish(dapr, refused, trip);
    return c.json({ standing });
  });
  app.post("/cancel", async (c) => {
    await cancel(dapr, await received<Trip>(c.req.raw), stock);
    return c.json({});
  });
  app.get("/books", async (c) => c.json(await stored(dapr, "books")));
  app.get("/trips/:id", async (c) => c.json((await stored(dapr, `trip/${c.req.param("id")}`)) ?? null));
  return app;
}
