/** T43: a trip is booked as a whole or not at all, by events and by a coordinator, wherever an app crashes. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Books, Standing } from "../../demo/patterns/booking.ts";
import { bookable, coordinator } from "../../demo/patterns/saga-by-coordinator.ts";
import { sagaByEvents, type steps } from "../../demo/patterns/saga-by-events.ts";
import type { LocalRuntime } from "../../host/node/create-runtime.ts";
import { post, stored, Town } from "./town.ts";

let town: Town;
beforeEach(() => {
  town = new Town();
});
afterEach(() => town.close());

const STOCK = 5;
type Service = keyof typeof steps;

const upTo = (calls: number) => Array.from({ length: calls }, (_, i) => i + 1);

describe("a saga by events", () => {
  let services: Map<Service, LocalRuntime>;
  let crashes: number;

  /** Starts the three; the one that crashes is started again at once. */
  async function start(
    stock: Readonly<Record<Service, number>>,
    crashing?: Service,
    crashAfter?: number,
  ): Promise<void> {
    services = new Map();
    crashes = 0;
    for (const service of ["flight", "hotel", "car"] as const) {
      const program = (dapr: Parameters<typeof sagaByEvents>[0]) =>
        sagaByEvents(dapr, service, stock[service]);
      const crashed = async () => {
        crashes++;
        const before = services.get(service);
        services.set(service, await town.start(service, program));
        if (before !== undefined) await town.end(before);
      };
      const options = service === crashing && crashAfter ? { crashAfter, crashed } : {};
      services.set(service, await town.start(service, program, options));
    }
  }

  const on = (service: Service) => services.get(service) as LocalRuntime;
  const bookTrip = (id: string) => post(on("flight"), "/v1.0/publish/pubsub/On_BookTrip", { id });
  const books = (service: Service) => stored<Books>(on(service), "books");
  const standing = (service: Service, id: string) => stored<Standing>(on(service), `trip/${id}`);

  test("all good: three bookings, and two trips at once do not mix", async () => {
    await start({ flight: STOCK, hotel: STOCK, car: STOCK });
    await Promise.all([bookTrip("a"), bookTrip("b")]);
    for (const id of ["a", "b"])
      await town.until(
        () => standing("car", id),
        (found) => found === "booked",
      );
    for (const service of ["flight", "hotel", "car"] as const) {
      expect(await books(service)).toEqual({ stock: STOCK - 2, income: 200 });
    }
  });

  test("one room, two trips: one is booked, the other's flight is cancelled", async () => {
    await start({ flight: STOCK, hotel: 1, car: STOCK });
    await Promise.all([bookTrip("a"), bookTrip("b")]);
    await town.until(
      async () => [await standing("flight", "a"), await standing("flight", "b")].sort(),
      (found) => found.join() === "booked,cancelled",
    );
    expect(
      await town.until(
        () => books("car"),
        (found) => found !== undefined,
      ),
    ).toEqual({ stock: STOCK - 1, income: 100 });
    expect(await books("flight")).toEqual({ stock: STOCK - 1, income: 100 });
  });

  test.each([
    ...upTo(7).map((call) => ({ service: "flight", call }) as const),
    ...upTo(4).map((call) => ({ service: "hotel", call }) as const),
  ])(
    "no room: the flight is refunded once, also where $service crashes at its call $call",
    async ({ service, call }) => {
      await start({ flight: STOCK, hotel: 0, car: STOCK }, service, call);
      await bookTrip("a");
      await town.until(
        () => standing("flight", "a"),
        (found) => found === "cancelled",
      );
      await town.rest();
      expect(await books("flight")).toEqual({ stock: STOCK, income: 0 });
      expect([await standing("hotel", "a"), await standing("car", "a")]).toEqual(["refused", undefined]);
      expect(crashes).toBe(1);
    },
  );
});

describe("a saga by a coordinator", () => {
  const services = ["flight", "hotel", "car"];

  async function start(stock: Readonly<Record<string, number>>, crashAfter?: number) {
    const running = new Map<string, LocalRuntime>();
    for (const service of services) {
      running.set(service, await town.start(service, (dapr) => bookable(dapr, stock[service] ?? 0)));
    }
    const program = (dapr: Parameters<typeof coordinator>[0]) => coordinator(dapr, services);
    let crashes = 0;
    const crashed = async () => {
      crashes++;
      const before = running.get("trips") as LocalRuntime;
      running.set("trips", await town.start("trips", program));
      await town.end(before);
    };
    const options = crashAfter ? { crashAfter, crashed } : {};
    running.set("trips", await town.start("trips", program, options));
    const on = (appId: string) => running.get(appId) as LocalRuntime;
    return {
      begin: (id: string) => post(on("trips"), "/v1.0/publish/pubsub/On_BookTrip", { id }),
      saga: async (id: string) => (await stored<{ state: string }>(on("trips"), `saga/${id}`))?.state,
      crashes: () => crashes,
      books: (service: string) => stored<Books>(on(service), "books"),
    };
  }

  test("all good: three bookings, and two trips at once do not mix", async () => {
    const { begin, saga, books } = await start({ flight: STOCK, hotel: STOCK, car: STOCK });
    await Promise.all([begin("a"), begin("b")]);
    for (const id of ["a", "b"])
      await town.until(
        () => saga(id),
        (state) => state === "booked",
      );
    for (const service of services) expect(await books(service)).toEqual({ stock: STOCK - 2, income: 200 });
  });

  test.each(upTo(16))(
    "no car: all is cancelled once, also where the coordinator crashes at its call %i",
    async (call) => {
      const { begin, saga, books, crashes } = await start({ flight: STOCK, hotel: STOCK, car: 0 }, call);
      await begin("a");
      await town.until(
        () => saga("a"),
        (state) => state === "cancelled",
      );
      await town.rest();
      for (const service of ["flight", "hotel"])
        expect(await books(service)).toEqual({ stock: STOCK, income: 0 });
      expect(crashes()).toBe(1);
    },
  );
});
