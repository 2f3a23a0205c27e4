import { change, type Dapr } from "./dapr.ts";

/** What a service has, and what it has taken for it. */
export interface Books {
  readonly stock: number;
  readonly income: number;
}

/** How a trip stands with one service. */
export type Standing = "booked" | "refused" | "cancelled";

export interface Trip {
  readonly id: string;
}

const PRICE = 100;
const keys = (trip: Trip) => [`trip/${trip.id}`, "books"] as const;

/**
 * Books one of `stock` for a trip, once, however often it is asked: the trip's standing and the books change together.
 * A trip that was cancelled before stays cancelled.
 */
export async function book(dapr: Dapr, trip: Trip, stock: number): Promise<Standing> {
  const [standing] = await change<[Standing, Books]>(
    dapr,
    keys(trip),
    ([before, books = { stock, income: 0 }]) => {
      if (before !== undefined) return undefined;
      if (books.stock === 0) return ["refused", books];
      return ["booked", { stock: books.stock - 1, income: books.income + PRICE }];
    },
  );
  return standing;
}

/** Gives back what was booked, and its price, once. */
export async function cancel(dapr: Dapr, trip: Trip, stock: number): Promise<void> {
  await change<[Standing, Books]>(dapr, keys(trip), ([before, books = { stock, income: 0 }]) => {
    if (before === undefined) return ["cancelled", books];
    if (before !== "booked") return undefined;
    return ["cancelled", { stock: books.stock + 1, income: books.income - PRICE }];
  });
}
