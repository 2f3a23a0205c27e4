import { reasonOf } from "../../errors/reason-of.ts";
import type { Clock, Log } from "../../platform.ts";
import type { ActorMeter } from "../../telemetry/metrics/meters.ts";
import { callbackBody, verdictOf } from "../callback.ts";
import { DueQueue } from "../due-queue.ts";
import { type HostedActors, NotOwnedError } from "../hosted-actors.ts";
import { parseSchedule, type ScheduleTexts } from "../schedule/parse-schedule.ts";
import { nextTick, type Schedule } from "../schedule/schedule.ts";

/** A timer as registered. */
export interface TimerSettings extends ScheduleTexts {
  readonly callback: string;
  /** JSON text, handed to the app as it is. */
  readonly data: Uint8Array | undefined;
}

interface Timer {
  readonly type: string;
  readonly id: string;
  readonly name: string;
  readonly schedule: Schedule;
  readonly body: Uint8Array;
  /** Repetitions that are left; undefined: without end. */
  left: number | undefined;
  /** The tick that is waited for, or called about. */
  tick: number;
  /** When it is called about. */
  at: number;
  /** How often it could not be, since its actor's owner was not settled. */
  refused: number;
  index: number;
  /** Deleted, replaced, or its actor is no more. */
  gone: boolean;
}

/** A platform's timer may not be longer; what is due later is waited for in parts. */
const longestMs = 2 ** 31 - 1;
/** While owners change the actor cannot be called: it is tried again after so long, and so often. */
const askAgainMs = 1000;
const mostRefused = 30;

const keyOf = (type: string, id: string) => `${type}/${id}`;

/**
 * The timers of the actors that this instance hosts. They live as long as their actor is active: whoever deactivates or
 * halts an actor forgets its timers. A tick is armed when the callback before it has ended; what passed meanwhile is one
 * tick, at once.
 */
export class ActorTimers {
  readonly #hosted: HostedActors;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #meter: ActorMeter | undefined;
  readonly #actors = new Map<string, Map<string, Timer>>();
  readonly #queue = new DueQueue<Timer>();
  #armedAt = Number.POSITIVE_INFINITY;
  #disarm: () => void = () => {};

  constructor(
    hosted: HostedActors,
    { clock, log }: { readonly clock: Clock; readonly log: Log },
    meter?: ActorMeter,
  ) {
    this.#hosted = hosted;
    this.#clock = clock;
    this.#log = log;
    this.#meter = meter;
  }

  /** How many there are, by type. */
  get counts(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const [key, timers] of this.#actors) {
      const type = key.slice(0, key.indexOf("/"));
      counts.set(type, (counts.get(type) ?? 0) + timers.size);
    }
    return counts;
  }

  /** Replaces one of the same name, also where its own ttl leaves no tick. Throws ScheduleError. */
  register(type: string, id: string, name: string, settings: TimerSettings): void {
    const { callback, data, dueTime, period } = settings;
    const schedule = parseSchedule("timer", `${type}||${id}||${name}`, settings, this.#clock.now());
    const body = callbackBody(data, { callback, dueTime, period });
    this.delete(type, id, name);
    const tick = nextTick(schedule, schedule.due - 1);
    if (tick === undefined) return;
    const key = keyOf(type, id);
    const timers = this.#actors.get(key) ?? new Map<string, Timer>();
    this.#actors.set(key, timers);
    const left = schedule.repetitions;
    const timer = {
      ...{ type, id, name, schedule, body, left, tick },
      ...{ at: tick, refused: 0, index: -1, gone: false },
    };
    timers.set(name, timer);
    this.#wait(timer, tick);
  }

  /** A callback under way ends; there is no further one. */
  delete(type: string, id: string, name: string): void {
    const timer = this.#actors.get(keyOf(type, id))?.get(name);
    if (timer !== undefined) this.#end(timer);
  }

  /** The actor is not active here any more. */
  forget(type: string, id: string): void {
    for (const timer of this.#actors.get(keyOf(type, id))?.values() ?? []) this.#end(timer);
  }

  stop(): void {
    for (const timers of [...this.#actors.values()]) for (const timer of timers.values()) this.#end(timer);
  }

  #end(timer: Timer): void {
    // One that was replaced has left its name to another.
    if (timer.gone) return;
    timer.gone = true;
    this.#queue.remove(timer);
    const key = keyOf(timer.type, timer.id);
    const timers = this.#actors.get(key);
    timers?.delete(timer.name);
    if (timers?.size === 0) this.#actors.delete(key);
    if (this.#queue.size === 0) this.#arm();
  }

  #wait(timer: Timer, at: number): void {
    timer.at = at;
    this.#queue.add(timer);
    if (at < this.#armedAt) this.#arm();
  }

  #arm(): void {
    this.#disarm();
    const at = this.#queue.first?.at;
    this.#armedAt = at ?? Number.POSITIVE_INFINITY;
    if (at === undefined) return;
    this.#disarm = this.#clock.after(Math.min(at - this.#clock.now(), longestMs), () => this.#ring());
  }

  #ring(): void {
    const now = this.#clock.now();
    for (let timer = this.#queue.first; timer !== undefined && timer.at <= now; timer = this.#queue.first) {
      this.#queue.remove(timer);
      void this.#fire(timer, now);
    }
    this.#arm();
  }

  async #fire(timer: Timer, started: number): Promise<void> {
    const { type, id, name, schedule, body } = timer;
    const failed = (cause: string) =>
      this.#log.warn("a timer's callback failed", { actorType: type, actorId: id, timer: name, cause });
    try {
      const answer = await this.#hosted.call(type, id, `timer/${encodeURIComponent(name)}`, body);
      const verdict = await verdictOf(answer);
      this.#meter?.fired("timer", type, verdict !== "failed");
      if (verdict === "cancelled") return this.#end(timer);
      if (verdict === "failed") failed(`the app answered ${answer.status}`);
    } catch (error) {
      if (timer.gone) return;
      // Whoever halts an actor forgets its timers: this one's owner may only be unsettled.
      const refused = error instanceof NotOwnedError;
      if (refused && timer.refused++ < mostRefused) return this.#wait(timer, started + askAgainMs);
      failed(reasonOf(error));
      if (refused) return this.#end(timer);
    }
    if (timer.gone) return;
    timer.refused = 0;
    if (timer.left !== undefined) timer.left--;
    const next = timer.left === 0 ? undefined : nextTick(schedule, Math.max(timer.tick, started));
    if (next === undefined) return this.#end(timer);
    timer.tick = next;
    this.#wait(timer, next);
  }
}
