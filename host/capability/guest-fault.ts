import type { GuestLine } from "./confinement.ts";

/**
 * What a guest did wrong. `refused`: it was not let in; `trap`: it ended itself, or was ended by its engine; `protocol`: its
 * spans or messages are none; `deadline`: it ran for too long; `budget`: it asked for too much.
 */
export type Fault = "refused" | "trap" | "protocol" | "deadline" | "budget";

/** Names the fault and never what was in the guest's memory. The instance that did it is not used again. */
export class GuestFault extends Error {
  constructor(
    readonly fault: Fault,
    message: string,
    /** What it said in the step that was its last: often why. */
    readonly lines: readonly GuestLine[] = [],
  ) {
    super(message);
    this.name = "GuestFault";
  }
}
