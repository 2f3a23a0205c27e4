import { type BackOff, backOffMs } from "../../../../components/pubsub/back-off.ts";
import { ConsumerQueue, type QueueMember } from "../../../../components/pubsub/consumer-queue.ts";
import type { DeliveryOptions } from "../../../../components/pubsub/delivery-metadata.ts";
import type { MessageHandler, Subscription } from "../../../../components/pubsub/pubsub.ts";
import { ComponentError } from "../../../../errors/component-error.ts";
import { reasonOf } from "../../../../errors/reason-of.ts";
import { type Log, type Platform, sleep } from "../../../../platform.ts";
import type { RedisClient } from "../redis-client.ts";
import { Acknowledgements } from "./acknowledgements.ts";
import { type Held, HeldEvents } from "./held-events.ts";
import type { Grant, StreamGroup } from "./stream-group.ts";

export interface StreamSubscriptionOptions {
  readonly delivery: DeliveryOptions;
  /** Most events in memory that are not in back-off, and most that are. */
  readonly queueDepth: number;
  /** After so long without a sign of life, an instance's events are anybody's. */
  readonly processingTimeoutMs: number;
  /** How long the server may say nothing. */
  readonly patienceMs: number;
}

/** How long one read waits for an event. */
const waitMs = 1_000;
/** The least time between two looks for what others have left: shorter, so that each wait that ends has one after it. */
const claimEveryMs = 500;
/** Steps of one look; a longer list is gone on with at the next one. */
const claimSteps = 10;
const reconnect: BackOff = { initialMs: 50, maxMs: 2_000 };

/**
 * One subscription: reads what is new, claims what instances that died have left, hands out through a queue, and
 * acknowledges. What it holds it keeps alive on the server, back-off included, so that nobody else claims it.
 */
export class StreamSubscription implements Subscription {
  readonly #queue = new ConsumerQueue<Held>();
  readonly #held: HeldEvents;
  readonly #member: QueueMember;
  readonly #acknowledgements: Acknowledgements;
  readonly #closing = new AbortController();
  readonly #reading: Promise<void>;
  #cancelKeeping: () => void = () => undefined;
  /** Whether an answer may have been lost, with events that are this instance's now. */
  #lost = false;
  #claimFrom = "";
  #claimAt = 0;
  #closed: Promise<void> | undefined;

  /** Takes `reader` over: a connection of its own. The group must be there. */
  constructor(
    readonly group: StreamGroup,
    readonly reader: RedisClient,
    readonly handler: MessageHandler,
    readonly options: StreamSubscriptionOptions,
    readonly platform: Platform,
    readonly log: Log,
  ) {
    const { delivery, queueDepth } = options;
    // Some more than the app is given at a time keeps it busy; many more would keep events from idle instances.
    this.#held = new HeldEvents(Math.min(queueDepth, 5 * delivery.concurrency), queueDepth);
    this.#acknowledgements = new Acknowledgements((ids) => group.acknowledge(ids));
    this.#member = this.#queue.join((held) => this.#hand(held), delivery, platform);
    this.#reading = this.#read();
    this.#keepLater();
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#closing.abort();
    this.#held.stopWaiting();
    const drained = this.#member.leave();
    await this.group.unblock();
    await this.#reading;
    await this.reader.close();
    // What is not under way goes to others at once, and what fails while it ends after that.
    const left = (async () => {
      await this.group.release(this.#held.counts("idle"));
      await drained;
      await this.group.release(this.#held.counts("all"));
      await this.group.leave();
    })();
    await left.catch((error) => {
      this.log.debug("events were not handed over; others claim them once processingTimeout has passed", {
        topic: this.group.stream,
        cause: reasonOf(error),
      });
    });
    await drained;
    this.#cancelKeeping();
  }

  async #read(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      await this.#held.untilRoom();
      await this.#insist(async () => {
        if (this.#lost) await this.#recover();
        this.#lost = true;
        await this.#claim();
        const count = this.#held.room;
        if (count <= 0 || signal.aborted) {
          this.#lost = false;
          return;
        }
        const { patienceMs } = this.options;
        const events = await this.group.read(this.reader, count, this.platform.clock, { waitMs, patienceMs });
        await this.#take(events.map((event) => ({ event, before: 0 })));
        this.#lost = false;
      });
    }
  }

  /** Until it succeeds, or the subscription closes: answers whether it succeeded. */
  async #insist(work: () => Promise<void>): Promise<boolean> {
    const { signal } = this.#closing;
    for (let failures = 0; ; ) {
      try {
        await work();
        return true;
      } catch (error) {
        failures++;
        const { code, message: cause } = ComponentError.from(error);
        // The connection itself tells when its server is away.
        if (failures === 1 && code !== "UNAVAILABLE" && !signal.aborted) {
          this.log.warn(`topic ${this.group.stream}: a step failed and is tried again`, { cause });
        }
        // Somebody emptied the database, or removed the stream or the group.
        if (/\b(NOGROUP|UNBLOCKED)\b/.test(cause)) await this.group.create().catch(() => undefined);
      }
      if (signal.aborted) return false;
      await sleep(this.platform.clock, backOffMs(reconnect, failures, this.platform), signal).catch(() => {});
    }
  }

  async #recover(): Promise<void> {
    // What is in hand now may have been acknowledged when the answer is here.
    const known = new Set(this.#held.counts("all").map(([id]) => id));
    const all = await this.group.own();
    await this.#take(all.filter(({ event }) => !known.has(event.id)));
  }

  /** Hands on what was just read, in its order, but for what has to wait for others of its lane. */
  async #take(grants: readonly Grant[]): Promise<void> {
    const inLanes = grants.filter(({ event }) => event.lane !== undefined).map(({ event }) => event.id);
    let mine: ReadonlySet<string> = new Set();
    if (inLanes.length > 0) {
      const sorted = await this.#insist(async () => {
        mine = await this.group.sortIntoLanes(inLanes);
      });
      if (!sorted) mine = new Set();
    }
    for (const grant of grants) {
      if (grant.event.lane === undefined || mine.has(grant.event.id)) this.#push(grant);
    }
  }

  #push(grant: Grant): void {
    const held = this.#held.add(grant);
    if (held !== undefined) this.#queue.push(held);
  }

  async #claim(): Promise<void> {
    const now = this.platform.clock.now();
    if (now < this.#claimAt) return;
    for (let step = 0; step < claimSteps && this.#held.room > 0; step++) {
      const { processingTimeoutMs } = this.options;
      const { grants, next } = await this.group.claim(processingTimeoutMs, this.#held.room, this.#claimFrom);
      for (const grant of grants) this.#push(grant);
      this.#claimFrom = next;
      if (next === "") break;
    }
    this.#claimAt = now + claimEveryMs;
  }

  async #hand(held: Held): Promise<void> {
    const { event, before } = held;
    const { id, data, contentType, metadata, lane } = event;
    if (!this.#held.start(held)) return;
    const attempt = before + held.attempts;
    try {
      await this.handler({ topic: this.group.stream, data, contentType, metadata, attempt });
    } catch (error) {
      // One too many to be kept in memory: it is claimed by whoever finds it left alone.
      if (!this.#held.wait(held)) return this.#held.drop(id);
      this.group.keep([[id, attempt]]).catch(() => undefined);
      throw error;
    }
    let next: Grant | undefined;
    await this.#insist(async () => {
      if (lane === undefined) await this.#acknowledgements.add(id);
      else next = await this.group.acknowledgeInLane(id, lane, this.#closing.signal.aborted);
    });
    this.#held.drop(id);
    if (next !== undefined) this.#push(next);
  }

  #keepLater(): void {
    this.#cancelKeeping = this.platform.clock.after(this.options.processingTimeoutMs / 3, () => {
      void this.#keep().finally(() => {
        if (this.#closed === undefined) this.#keepLater();
      });
    });
  }

  async #keep(): Promise<void> {
    const counts = this.#held.counts("all");
    if (counts.length === 0) return;
    try {
      for (const id of await this.group.keep(counts)) this.#held.drop(id);
    } catch (error) {
      this.log.debug("events in hand were not kept", { topic: this.group.stream, cause: reasonOf(error) });
    }
  }
}
