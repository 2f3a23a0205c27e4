import { backOffMs } from "../../components/pubsub/back-off.ts";
import { reasonOf } from "../../errors/reason-of.ts";
import type { Platform } from "../../platform.ts";
import { DueQueue } from "../due-queue.ts";
import type { HostedActors } from "../hosted-actors.ts";
import type { ReminderBook } from "./reminder-book.ts";
import type { Attempts, Fired, ReminderFiring } from "./reminder-firing.ts";
import type { DueTick } from "./reminder-keys.ts";
import type { Slots } from "./slots.ts";

export interface ScanParts {
  readonly book: ReminderBook;
  readonly firing: ReminderFiring;
  readonly hosted: HostedActors;
  /** Of all types together. */
  readonly slots: Slots;
  readonly platform: Platform;
}

/** A tick that is due, and what was tried. */
interface Taken {
  readonly tick: DueTick;
  readonly before: Attempts | undefined;
}

/** Ticks of one actor, one after the other; the first is under way. */
interface ActorQueue {
  readonly taken: Map<string, Taken>;
  /** Some that are due did not find room. */
  more: boolean;
  ended: Promise<void> | undefined;
}

/** A tick that stays due, and is not called about before its time. */
interface Rest extends Taken {
  readonly name: string;
  readonly at: number;
  /** It was no attempt: called about at once when ownership has changed. */
  readonly uncalled: boolean;
  index: number;
}

/** All that is due is read again so often, for what other instances registered. */
const rescanMs = 30_000;
const pageSize = 100;
/** Ticks of one actor that wait for one under way, lest a page of them be read for each. */
const mostQueued = 100;
const uncalledMs = 1000;
const again = { initialMs: 500, maxMs: 30_000 };

const nameOf = ({ at, id, name }: DueTick) => `${at}/${id}/${name}`;

/**
 * Finds the ticks of one type that are due, in the order of time, and has those fired whose actors are owned here: one at
 * a time for each actor. One timer is armed, for the next of them.
 */
export class ReminderScan {
  readonly #type: string;
  readonly #parts: ScanParts;
  readonly #actors = new Map<string, ActorQueue>();
  readonly #rests = new Map<string, Rest>();
  readonly #resting = new DueQueue<Rest>();
  #disarm: () => void = () => {};
  #armedAt = Number.POSITIVE_INFINITY;
  #scanning = false;
  #paused = false;
  #stopped = false;
  /** Ticks before it have been looked at. */
  #from = 0;
  #rescanAt = 0;
  #readFailures = 0;
  #callFailures = 0;
  /** The app could not be reached: nothing is called before. */
  #awayUntil = 0;

  constructor(type: string, parts: ScanParts) {
    this.#type = type;
    this.#parts = parts;
  }

  /** Something is due then; 0: whatever is due is to be looked at again. */
  wake(at: number): void {
    this.#from = Math.min(this.#from, at);
    this.#arm(at);
  }

  /** Ownership has changed, or has stopped changing. */
  changed(): void {
    this.#paused = this.#stopped;
    for (const rest of this.#rests.values()) if (rest.uncalled) this.#forget(rest);
    this.#awayUntil = 0;
    this.wake(0);
  }

  /**
   * Nothing more is called about. Resolves once what is under way has ended and is written down, but for the actors that
   * `keeps` names.
   */
  async pause(keeps: (id: string) => boolean = () => false): Promise<void> {
    this.#paused = true;
    this.#disarm();
    this.#armedAt = Number.POSITIVE_INFINITY;
    await Promise.all([...this.#actors].map(([id, { ended }]) => (keeps(id) ? undefined : ended)));
  }

  /** As {@link pause}, for good. */
  stop(): Promise<void> {
    this.#stopped = true;
    return this.pause();
  }

  get #now(): number {
    return this.#parts.platform.clock.now();
  }

  get #halted(): boolean {
    return this.#paused || this.#now < this.#awayUntil;
  }

  #arm(at: number): void {
    if (at >= this.#armedAt || this.#paused) return;
    this.#armedAt = at;
    if (this.#scanning) return;
    this.#disarm();
    this.#disarm = this.#parts.platform.clock.after(Math.max(0, at - this.#now), () => void this.#scan());
  }

  async #scan(): Promise<void> {
    this.#scanning = true;
    this.#armedAt = Number.POSITIVE_INFINITY;
    const began = this.#now;
    if (began >= this.#rescanAt) {
      this.#from = 0;
      this.#rescanAt = began + rescanMs;
    }
    let next: number;
    try {
      await this.#takeRested();
      next = await this.#pass();
      this.#readFailures = 0;
    } catch (error) {
      this.#readFailures++;
      next = this.#now + backOffMs(again, this.#readFailures, this.#parts.platform);
      this.#warn("reminders cannot be read; trying on", error);
    }
    this.#scanning = false;
    next = Math.min(next, this.#armedAt, this.#rescanAt, this.#resting.first?.at ?? next);
    this.#armedAt = Number.POSITIVE_INFINITY;
    this.#arm(Math.max(next, this.#awayUntil));
  }

  async #takeRested(): Promise<void> {
    for (let rest = this.#resting.first; rest !== undefined; rest = this.#resting.first) {
      if (rest.at > this.#now || this.#halted) return;
      this.#forget(rest);
      await this.#take(rest.tick, rest.before);
    }
  }

  /** Goes through what is due and was not looked at. Resolves with the time of what is next. */
  async #pass(): Promise<number> {
    const { book } = this.#parts;
    let looked = this.#from;
    // Whoever wakes the scan meanwhile sets it back.
    this.#from = Number.POSITIVE_INFINITY;
    try {
      for (let range = book.ticksFrom(this.#type, looked); ; ) {
        const asked = this.#now;
        const { ticks, rest } = await book.ticks(range, pageSize);
        for (const tick of ticks) {
          looked = tick.at;
          if (this.#halted) return Number.POSITIVE_INFINITY;
          if (tick.at > this.#now) return tick.at;
          await this.#take(tick, undefined);
        }
        if (rest === undefined) {
          looked = Math.max(looked, asked);
          return Number.POSITIVE_INFINITY;
        }
        range = rest;
      }
    } finally {
      this.#from = Math.min(this.#from, looked);
    }
  }

  async #take(tick: DueTick, before: Attempts | undefined): Promise<void> {
    const { hosted, slots } = this.#parts;
    if (!hosted.owns(tick.type, tick.id)) return;
    const name = nameOf(tick);
    if (this.#rests.has(name)) return;
    const queue = this.#actors.get(tick.id);
    if (queue !== undefined) {
      if (queue.taken.has(name)) return;
      if (queue.taken.size < mostQueued) queue.taken.set(name, { tick, before });
      else queue.more = true;
      return;
    }
    await slots.take();
    if (this.#halted) {
      slots.release();
      this.#from = Math.min(this.#from, tick.at);
      return;
    }
    const first: ActorQueue = { taken: new Map([[name, { tick, before }]]), more: false, ended: undefined };
    this.#actors.set(tick.id, first);
    first.ended = this.#serve(tick.id, first);
  }

  async #serve(id: string, queue: ActorQueue): Promise<void> {
    const { taken } = queue;
    for (const [name, { tick, before }] of taken) {
      if (this.#halted) break;
      await this.#fire(name, tick, before);
      taken.delete(name);
    }
    this.#actors.delete(id);
    this.#parts.slots.release();
    // Those that were left for another time are looked at again.
    if (queue.more || taken.size > 0) this.wake(0);
  }

  async #fire(name: string, tick: DueTick, before: Attempts | undefined): Promise<void> {
    try {
      this.#follow(name, tick, before, await this.#parts.firing.fire(tick, before));
    } catch (error) {
      this.#warn("a reminder cannot be read; trying on", error);
      this.#rest(name, tick, before, uncalledMs, true);
    }
  }

  #follow(name: string, tick: DueTick, before: Attempts | undefined, fired: Fired): void {
    if (fired.kind === "settled") {
      this.#callFailures = 0;
      if (fired.next !== undefined) this.wake(fired.next);
    } else if (fired.kind === "retry") {
      this.#rest(name, tick, fired, fired.afterMs, false);
    } else if (fired.kind === "uncalled") {
      if (fired.appAway && this.#now >= this.#awayUntil) {
        this.#callFailures++;
        this.#awayUntil = this.#now + backOffMs(again, this.#callFailures, this.#parts.platform);
      }
      this.#rest(name, tick, before, fired.appAway ? 0 : uncalledMs, true);
    } else if (fired.kind === "ended") {
      this.#paused = true;
    }
  }

  #rest(name: string, tick: DueTick, before: Attempts | undefined, ms: number, uncalled: boolean): void {
    if (this.#stopped) return;
    const at = Math.max(this.#now + ms, this.#awayUntil);
    const rest = { name, tick, before, at, uncalled, index: -1 };
    this.#rests.set(name, rest);
    this.#resting.add(rest);
    this.#arm(at);
  }

  #forget(rest: Rest): void {
    this.#rests.delete(rest.name);
    this.#resting.remove(rest);
  }

  #warn(message: string, error: unknown): void {
    this.#parts.platform.log.warn(message, { actorType: this.#type, cause: reasonOf(error) });
  }
}
