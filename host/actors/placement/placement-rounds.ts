import { lock, phaseOf, stepOf, unlock, update, versionOf } from "./placement-messages.ts";
import type { PlacementRoster } from "./placement-roster.ts";
import type { PlacementSeat } from "./placement-seat.ts";

export interface PlacementRoundsOptions {
  readonly roster: PlacementRoster;
  readonly term: number;
  readonly phaseMs: number;
  /** Monotonic. */
  now(): number;
  /** Whether there may be actors at work of somebody who is not among the members. */
  shut(): boolean;
  /** Whether those who have joined are not all yet who worked under a coordinator before. */
  gathering(): boolean;
}

/** How long a round takes up who joins; after it they wait for its end, so that no stream of them draws it out. */
const gatherMs = 1_000;

/** Takes the members from one table to the next; one round at a time. */
export class PlacementRounds {
  readonly #options: PlacementRoundsOptions;
  readonly #roster: PlacementRoster;
  /** Who joined while a round was under way that does not take them up. */
  readonly #waiting = new Set<PlacementSeat>();
  /** Who has not acknowledged the phase that the round is in. */
  readonly #owing = new Set<PlacementSeat>();
  /** Who is to get the table once nobody else can be at work by another. */
  readonly #withheld = new Set<PlacementSeat>();
  #step = stepOf(1, unlock);
  #open = false;
  #began = 0;

  constructor(options: PlacementRoundsOptions) {
    this.#options = options;
    this.#roster = options.roster;
  }

  get version(): number {
    return versionOf(this.#step);
  }

  /** The phase of the round under way. */
  get phase(): number | undefined {
    return this.#open ? phaseOf(this.#step) : undefined;
  }

  joined(seat: PlacementSeat): void {
    this.#waiting.add(seat);
    this.changed();
  }

  removed(seat: PlacementSeat): void {
    this.#waiting.delete(seat);
    this.#owing.delete(seat);
    this.#withheld.delete(seat);
  }

  /** Members have come, gone, or host something else; or it is certain by now that somebody has stopped. */
  changed(): void {
    const { now, gathering, shut } = this.#options;
    const gathers = phaseOf(this.#step) === lock && (gathering() || now() - this.#began < gatherMs);
    const admitted = !this.#open || gathers ? this.#admitWaiting() : [];
    const decided = this.#open && phaseOf(this.#step) === lock;
    if (!decided && this.#roster.outdated) this.#begin();
    else for (const seat of admitted) this.#push(seat);
    this.#advance();
    if (this.#withheld.size === 0 || shut()) return;
    const due = [...this.#withheld];
    this.#withheld.clear();
    for (const seat of due) this.#push(seat);
  }

  acknowledged(seat: PlacementSeat, step: number): void {
    if (step <= seat.acknowledged || step > seat.sent) return;
    seat.acknowledged = step;
    if (step === seat.sent) seat.due = Number.POSITIVE_INFINITY;
    if (phaseOf(step) === update && versionOf(step) === this.version)
      seat.mayOwn = this.#roster.inTable(seat);
    if (step >= this.#step) this.#owing.delete(seat);
    this.#advance();
    this.#push(seat);
  }

  #admitWaiting(): readonly PlacementSeat[] {
    const admitted = [...this.#waiting];
    this.#waiting.clear();
    for (const seat of admitted) {
      seat.admitted = true;
      if (this.#open && seat.awaited) this.#owing.add(seat);
    }
    return admitted;
  }

  #begin(): void {
    this.#admitWaiting();
    this.#open = true;
    this.#began = this.#options.now();
    this.#enter(stepOf(this.version + 1, lock));
  }

  #enter(step: number): void {
    this.#step = step;
    this.#owing.clear();
    for (const seat of this.#roster) if (seat.awaited) this.#owing.add(seat);
    this.#pushAll();
  }

  /** On to the next phase, if nobody owes an acknowledgement of this one. */
  #advance(): void {
    while (this.#open && this.#owing.size === 0) {
      const phase = phaseOf(this.#step);
      if (phase === unlock) {
        this.#open = false;
        this.changed();
        return;
      }
      // Neither hands out a table nor puts it into force while somebody who was put out may work by another one.
      if (this.#options.shut()) return;
      if (phase === lock) this.#roster.draw();
      this.#enter(this.#step + 1);
    }
  }

  #pushAll(): void {
    for (const seat of this.#roster) this.#push(seat);
  }

  /** Sends what comes next for that member: the phases of this version one after another, up to the one it is in. */
  #push(seat: PlacementSeat): void {
    if (!seat.admitted) return;
    const next = Math.max(seat.acknowledged + 1, stepOf(this.version, lock));
    if (next > this.#step || next <= seat.sent) return;
    if (phaseOf(next) === update) {
      if (this.#options.shut()) {
        this.#withheld.add(seat);
        return;
      }
      seat.mayOwn ||= this.#roster.inTable(seat);
    }
    seat.sent = next;
    seat.due = this.#options.now() + this.#options.phaseMs;
    this.send(seat);
  }

  /** What it was sent last, for the first time or once more. */
  send(seat: PlacementSeat): void {
    const { key, incarnation, sent: step } = seat;
    seat.sentAt = this.#options.now();
    const tables = phaseOf(step) === update ? this.#roster.tables : undefined;
    const { term } = this.#options;
    seat.sender.send({ t: "step", key, incarnation, term, step, ...(tables && { tables }) });
  }
}
