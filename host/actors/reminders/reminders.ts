import type { Platform } from "../../platform.ts";
import type { ActorMeter } from "../../telemetry/metrics/meters.ts";
import type { ActorStore } from "../actor-store.ts";
import type { HostedActors } from "../hosted-actors.ts";
import { type KeptReminder, ReminderBook, type ReminderSettings } from "./reminder-book.ts";
import { ReminderFiring } from "./reminder-firing.ts";
import { ReminderScan } from "./reminder-scan.ts";
import { Slots } from "./slots.ts";

export interface RemindersOptions {
  readonly store: ActorStore;
  readonly hosted: HostedActors;
  readonly platform: Platform;
  /** Of all keys. */
  readonly prefix: string;
  /** Callbacks under way at a time; 100 when left out. */
  readonly atATime?: number;
  readonly meter?: ActorMeter | undefined;
}

/**
 * Reminders: kept in the actor state store, fired by whichever instance owns the actor. A tick is written off in the
 * transaction that arms the next one, after the app has had it: so a kill may repeat a tick, and loses none. What fell due
 * while nobody was there is one tick; those after it are on the grid that began with the first.
 */
export class Reminders {
  readonly #book: ReminderBook;
  readonly #scans = new Map<string, ReminderScan>();
  /** Of types that are not hosted any more. */
  readonly #stopping = new Map<string, Promise<void>>();
  readonly #ending = new AbortController();
  readonly #newScan: (type: string) => ReminderScan;

  constructor({ store, hosted, platform, prefix, meter, atATime = 100 }: RemindersOptions) {
    const book = new ReminderBook(store, prefix, platform.clock);
    const firing = new ReminderFiring(book, hosted, platform, this.#ending.signal, meter);
    const parts = { book, firing, hosted, platform, slots: new Slots(atATime) };
    this.#book = book;
    this.#newScan = (type) => new ReminderScan(type, parts);
  }

  /** These types are hosted from now on, and no others. */
  start(types: readonly string[]): void {
    for (const [type, scan] of this.#scans) {
      if (types.includes(type)) continue;
      const stopped = Promise.all([scan.stop(), this.#stopping.get(type)]).then(() => {
        if (this.#stopping.get(type) === stopped) this.#stopping.delete(type);
      });
      this.#stopping.set(type, stopped);
      this.#scans.delete(type);
    }
    for (const type of types) {
      if (this.#scans.has(type)) continue;
      const scan = this.#newScan(type);
      this.#scans.set(type, scan);
      scan.wake(0);
    }
  }

  /**
   * Ownership within the type changes: nothing of it is fired until {@link changed}. Resolves once what was under way for
   * other actors than those that `keeps` names is written down, so that the next owner fires none of it again: to be
   * awaited before a change is acknowledged.
   */
  async pause(type: string, keeps?: (id: string) => boolean): Promise<void> {
    await Promise.all([this.#scans.get(type)?.pause(keeps), this.#stopping.get(type)]);
  }

  /** Ownership has changed: what is owned here now is fired. */
  changed(): void {
    for (const scan of this.#scans.values()) scan.changed();
  }

  /** Resolves once what was under way has ended. */
  async stop(): Promise<void> {
    this.#ending.abort();
    const stopped = [...this.#scans.values()].map((scan) => scan.stop());
    await Promise.all([...stopped, ...this.#stopping.values()]);
    this.#scans.clear();
  }

  /** Another instance has registered some of the type. */
  look(type: string): void {
    this.#scans.get(type)?.wake(0);
  }

  /** Throws ScheduleError and ReminderExistsError. */
  async register(type: string, id: string, name: string, settings: ReminderSettings): Promise<void> {
    const next = await this.#book.register({ type, id, name }, settings);
    if (next !== undefined) this.#scans.get(type)?.wake(next);
  }

  get(type: string, id: string, name: string): Promise<KeptReminder | undefined> {
    return this.#book.get({ type, id, name });
  }

  /** Harmless for one that is not there. */
  delete(type: string, id: string, name: string): Promise<void> {
    return this.#book.delete({ type, id, name });
  }

  /** Of one actor, or of all of a type; at most `limit`. */
  list(type: string, id: string | undefined, limit: number): Promise<readonly KeptReminder[]> {
    return this.#book.list(type, id, limit);
  }
}
