import type { Operation, Upsert } from "../../components/state/store.ts";
import { ComponentError, ETagError } from "../../errors/component-error.ts";
import type { Clock } from "../../platform.ts";
import type { ActorStore } from "../actor-store.ts";
import { parseSchedule, type ScheduleTexts } from "../schedule/parse-schedule.ts";
import { nextTick } from "../schedule/schedule.ts";
import type { FailurePolicy } from "./failure-policy.ts";
import { type DueTick, type KeyRange, ReminderKeys, type ReminderName } from "./reminder-keys.ts";
import { decodeRecord, encodeRecord, type ReminderRecord, tickValue } from "./reminder-record.ts";

/** A reminder as registered. */
export interface ReminderSettings extends ScheduleTexts {
  /** JSON text, handed to the app as it is. */
  readonly data: Uint8Array | undefined;
  readonly overwrite: boolean;
  /** Undefined: the default one. */
  readonly failurePolicy: FailurePolicy | undefined;
}

/** A reminder of that name exists, and was not to be overwritten. */
export class ReminderExistsError extends Error {
  constructor({ name }: ReminderName) {
    super(`reminder ${name} exists already`);
    this.name = "ReminderExistsError";
  }
}

/** What is kept, and the version of it that a change counts for. */
export interface KeptReminder extends ReminderName {
  readonly record: ReminderRecord;
  readonly etag: string | undefined;
}

/** How often a change is begun anew whose reminder others change at the same time. */
const attempts = 20;

/** The reminders in the store. Every change is one transaction, and none counts for a version that is not there any more. */
export class ReminderBook {
  readonly #store: ActorStore;
  readonly #clock: Clock;
  readonly #keys: ReminderKeys;

  constructor(store: ActorStore, prefix: string, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
    this.#keys = new ReminderKeys(prefix);
  }

  /**
   * The first tick; undefined when its ttl leaves none, and then it is not kept. Throws ScheduleError and
   * {@link ReminderExistsError}.
   */
  async register(reminder: ReminderName, settings: ReminderSettings): Promise<number | undefined> {
    const { dueTime, period, data, overwrite, failurePolicy } = settings;
    const { type, id, name } = reminder;
    const schedule = parseSchedule("reminder", `${type}||${id}||${name}`, settings, this.#clock.now());
    const next = nextTick(schedule, schedule.due - 1);
    const text = data === undefined ? undefined : new TextDecoder().decode(data);
    await this.#change(reminder, (kept) => {
      if (kept !== undefined && !overwrite) throw new ReminderExistsError(reminder);
      if (next === undefined) return kept && this.#removal(kept);
      const left = schedule.repetitions;
      const record = { dueTime, period, data: text, schedule, next, left, failurePolicy };
      return this.#write({ ...reminder, record, etag: kept?.etag }, kept);
    });
    return next;
  }

  async get(reminder: ReminderName): Promise<KeptReminder | undefined> {
    const item = await this.#store.get(this.#keys.reminder(reminder));
    if (item === undefined) return undefined;
    const { type, id, name } = reminder;
    return { type, id, name, record: decodeRecord(item.value), etag: item.etag };
  }

  async delete(reminder: ReminderName): Promise<void> {
    await this.#change(reminder, (kept) => kept && this.#removal(kept));
  }

  /** Those of one actor, or of all of the type, in no order that means anything; at most `limit`. */
  async list(type: string, id: string | undefined, limit: number): Promise<readonly KeptReminder[]> {
    const { from, to } = this.#keys.reminders(type, id);
    const keys = await this.#store.list(from, to, limit);
    const items = await this.#store.bulkGet(keys);
    return items.flatMap((item, i) => {
      if (item === undefined) return [];
      const name = this.#keys.parseReminder(keys[i] as string);
      return [{ ...name, record: decodeRecord(item.value), etag: item.etag }];
    });
  }

  /** Where the ticks of a type stand that are due then or later. */
  ticksFrom(type: string, at: number): KeyRange {
    return this.#keys.ticks(type, at);
  }

  /** The first ticks of a range, in the order of time, and the range of those behind them; undefined: these are all. */
  async ticks(
    range: KeyRange,
    limit: number,
  ): Promise<{ readonly ticks: readonly DueTick[]; readonly rest: KeyRange | undefined }> {
    const keys = await this.#store.list(range.from, range.to, limit);
    const last = keys.at(-1);
    const rest = keys.length < limit || last === undefined ? undefined : this.#keys.after(last, range);
    return { ticks: keys.map((key) => this.#keys.parseTick(key)), rest };
  }

  /** Whether the reminder waits for that very tick. */
  waitsFor({ record }: KeptReminder, { at }: DueTick): boolean {
    return Math.max(0, record.next) === at;
  }

  /** Moves it to its next tick, or removes it. Throws ETagError where it was overwritten or deleted since it was read. */
  async settle(kept: KeptReminder, next: number | undefined, left: number | undefined): Promise<void> {
    if (next === undefined) return await this.#store.commit(this.#removal(kept));
    await this.#store.commit(this.#write({ ...kept, record: { ...kept.record, next, left } }, kept));
  }

  async #change(
    reminder: ReminderName,
    operations: (kept: KeptReminder | undefined) => readonly Operation[] | undefined,
  ): Promise<void> {
    for (let attempt = 0; attempt < attempts; attempt++) {
      const wanted = operations(await this.get(reminder));
      if (wanted === undefined) return;
      try {
        return await this.#store.commit(wanted);
      } catch (error) {
        if (!(error instanceof ETagError)) throw error;
      }
    }
    throw new ComponentError(
      "ABORTED",
      `reminder ${reminder.name} is changed by others all the time; try again`,
    );
  }

  #write(wanted: KeptReminder, before: KeptReminder | undefined): readonly Operation[] {
    const value = encodeRecord(wanted.record);
    const operations: Operation[] = [this.#upsert(this.#keys.reminder(wanted), value, wanted.etag)];
    const tick = this.#keys.tick(wanted, wanted.record.next);
    if (before !== undefined) {
      const old = this.#keys.tick(before, before.record.next);
      if (old === tick) return operations;
      operations.push(this.#delete(old, undefined));
    }
    operations.push({ ...this.#upsert(tick, tickValue.slice(), undefined), concurrency: "last-write" });
    return operations;
  }

  #removal(kept: KeptReminder): readonly Operation[] {
    return [
      this.#delete(this.#keys.reminder(kept), kept.etag),
      this.#delete(this.#keys.tick(kept, kept.record.next), undefined),
    ];
  }

  /** Without an ETag nothing may be there. */
  #upsert(key: string, value: Uint8Array, etag: string | undefined): Upsert {
    const contentType = "application/json";
    return {
      kind: "upsert",
      key,
      value,
      etag,
      concurrency: "first-write",
      ttlInSeconds: 0,
      contentType,
      listed: true,
    };
  }

  #delete(key: string, etag: string | undefined): Operation {
    return { kind: "delete", key, etag, concurrency: undefined };
  }
}
