import type { ActorContext } from "daprlet/actors";

/** Where a booking stands. Nothing else is ever stored. */
export type Standing = "Open" | "CarBooked" | "CarAndHotelBooked" | "AllBooked" | "Billed" | "Cancelled";
export type Step = "bookCar" | "bookHotel" | "bookFlight" | "bill" | "cancel";

/** The whole machine: what each standing allows, and what it leads to. */
const machine: Readonly<Record<Standing, Partial<Readonly<Record<Step, Standing>>>>> = {
  Open: { bookCar: "CarBooked", cancel: "Cancelled" },
  CarBooked: { bookHotel: "CarAndHotelBooked", cancel: "Cancelled" },
  CarAndHotelBooked: { bookFlight: "AllBooked", cancel: "Cancelled" },
  AllBooked: { bill: "Billed", cancel: "Cancelled" },
  Billed: {},
  Cancelled: {},
};

/** A step that the booking's standing does not allow: 409 to the caller, and nothing has changed. */
class Refused extends Error {
  readonly status = 409;
}

/** A booking as a finite state machine: turns come one at a time, and a step is stored before it is answered. */
export class Booking {
  readonly #actor: ActorContext;

  constructor(actor: ActorContext) {
    this.#actor = actor;
  }

  async standing(): Promise<Standing> {
    return (await this.#actor.state.get<Standing>("standing")) ?? "Open";
  }

  async take(step: Step): Promise<Standing> {
    const before = await this.standing();
    const after = Object.hasOwn(machine[before], step) ? machine[before][step] : undefined;
    if (after === undefined) throw new Refused(`a booking that is ${before} does not take ${step}`);
    this.#actor.state.set("standing", after);
    return after;
  }
}
