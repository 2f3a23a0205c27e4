import { AppUnreachableError } from "../../channel/app-channel.ts";
import { backOffMs } from "../../components/pubsub/back-off.ts";
import { ETagError } from "../../errors/component-error.ts";
import { reasonOf } from "../../errors/reason-of.ts";
import { type Platform, sleep } from "../../platform.ts";
import type { ActorMeter } from "../../telemetry/metrics/meters.ts";
import { FencedError } from "../actor-store.ts";
import { type CallbackVerdict, callbackBody, verdictOf } from "../callback.ts";
import type { HostedActors } from "../hosted-actors.ts";
import { nextTick } from "../schedule/schedule.ts";
import { defaultPolicy } from "./failure-policy.ts";
import type { KeptReminder, ReminderBook } from "./reminder-book.ts";
import type { DueTick } from "./reminder-keys.ts";

/** What became of a tick. */
export type Fired =
  /** It is done with; the next one is at this time, or there is none. */
  | { readonly kind: "settled"; readonly next: number | undefined }
  /** Its reminder waits for it no more: it was overwritten, deleted, or fired by another instance. */
  | { readonly kind: "superseded" }
  /** The app took it so often without success; it is tried again. */
  | {
      readonly kind: "retry";
      readonly failures: number;
      readonly etag: string | undefined;
      readonly afterMs: number;
    }
  /** The actor could not be called, which is no attempt: the tick stays due. */
  | { readonly kind: "uncalled"; readonly appAway: boolean }
  /** Others have taken over; or this instance stops while its store cannot be written. */
  | { readonly kind: "ended" };

/** So many attempts were made for this version of a reminder. */
export interface Attempts {
  readonly failures: number;
  readonly etag: string | undefined;
}

const again = { initialMs: 200, maxMs: 30_000 };

/** Calls the app about one tick, and writes down what follows from its answer. */
export class ReminderFiring {
  readonly #book: ReminderBook;
  readonly #hosted: HostedActors;
  readonly #platform: Platform;
  readonly #ending: AbortSignal;
  readonly #meter: ActorMeter | undefined;

  constructor(
    book: ReminderBook,
    hosted: HostedActors,
    platform: Platform,
    ending: AbortSignal,
    meter: ActorMeter | undefined,
  ) {
    this.#book = book;
    this.#hosted = hosted;
    this.#platform = platform;
    this.#ending = ending;
    this.#meter = meter;
  }

  /** Rejects only where the store cannot be read. */
  async fire(tick: DueTick, before: Attempts | undefined): Promise<Fired> {
    const { clock } = this.#platform;
    const kept = await this.#book.get(tick);
    if (kept === undefined || !this.#book.waitsFor(kept, tick)) return { kind: "superseded" };
    const { record } = kept;
    const started = clock.now();
    if (record.schedule.until !== undefined && record.schedule.until <= started) {
      return await this.#settle(kept, undefined, undefined);
    }
    let verdict: CallbackVerdict;
    try {
      verdict = await this.#call(kept);
    } catch (error) {
      const cause = reasonOf(error);
      this.#platform.log.debug("a reminder waits for its actor", { ...logged(kept), cause });
      return { kind: "uncalled", appAway: error instanceof AppUnreachableError };
    }
    if (verdict === "failed") {
      const { intervalMs, maxRetries = Number.POSITIVE_INFINITY } = record.failurePolicy ?? defaultPolicy;
      const failures = 1 + (before !== undefined && before.etag === kept.etag ? before.failures : 0);
      if (failures <= maxRetries) return { kind: "retry", failures, etag: kept.etag, afterMs: intervalMs };
      this.#platform.log.warn("a tick of a reminder is dropped", { ...logged(kept), attempts: failures });
    }
    const left = record.left === undefined ? undefined : record.left - 1;
    const over = verdict === "cancelled" || left === 0;
    const next = over ? undefined : nextTick(record.schedule, Math.max(record.next, started));
    return await this.#settle(kept, next, left);
  }

  async #call(kept: KeptReminder): Promise<CallbackVerdict> {
    const { type, id, name, record } = kept;
    const { dueTime, period } = record;
    const data = record.data === undefined ? undefined : new TextEncoder().encode(record.data);
    const body = callbackBody(data, { dueTime, period });
    const answer = await this.#hosted.call(type, id, `remind/${encodeURIComponent(name)}`, body);
    const verdict = await verdictOf(answer);
    this.#meter?.fired("reminder", type, verdict !== "failed");
    if (verdict === "failed") {
      const cause = `the app answered ${answer.status}`;
      this.#platform.log.warn("a reminder's callback failed", { ...logged(kept), cause });
    }
    return verdict;
  }

  /** The app has had the tick: this is tried until it is written, lest it has it again. */
  async #settle(kept: KeptReminder, next: number | undefined, left: number | undefined): Promise<Fired> {
    const { clock, log } = this.#platform;
    for (let failures = 1; ; failures++) {
      try {
        await this.#book.settle(kept, next, left);
        return { kind: "settled", next };
      } catch (error) {
        if (error instanceof ETagError) return { kind: "superseded" };
        if (error instanceof FencedError) return { kind: "ended" };
        log.warn("a reminder's next tick cannot be written; trying on", {
          ...logged(kept),
          cause: reasonOf(error),
        });
      }
      try {
        await sleep(clock, backOffMs(again, failures, this.#platform), this.#ending);
      } catch {
        return { kind: "ended" };
      }
    }
  }
}

function logged({ type, id, name }: KeptReminder) {
  return { actorType: type, actorId: id, reminder: name };
}
