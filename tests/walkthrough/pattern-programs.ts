import { account } from "../../demo/patterns/account.ts";
import { contentRouter } from "../../demo/patterns/content-router.ts";
import { letterBox, mailman } from "../../demo/patterns/mailman.ts";
import { splitter, worker } from "../../demo/patterns/map-reduce.ts";
import { station } from "../../demo/patterns/routing-slip.ts";
import { bookable, coordinator } from "../../demo/patterns/saga-by-coordinator.ts";
import { sagaByEvents } from "../../demo/patterns/saga-by-events.ts";
import type { Program } from "./town.ts";

/** The patterns' programs by name, as tests in pages and beside sidecars in processes of their own start them. */
export const programs: Readonly<Record<string, Program>> = {
  account,
  "content-router": contentRouter,
  mailman,
  "letter-box": (dapr) => letterBox(dapr),
  splitter,
  worker,
  "station-a": (dapr) => station(dapr, "A", "On_Order"),
  "station-b": (dapr) => station(dapr, "B", "On_AComplete"),
  "station-d": (dapr) => station(dapr, "D", "On_BComplete"),
  coordinator: (dapr) => coordinator(dapr, ["flight", "hotel", "car"]),
  bookable: (dapr) => bookable(dapr, 5),
  "sold-out": (dapr) => bookable(dapr, 0),
  flight: (dapr) => sagaByEvents(dapr, "flight", 5),
  hotel: (dapr) => sagaByEvents(dapr, "hotel", 0),
  car: (dapr) => sagaByEvents(dapr, "car", 5),
};
