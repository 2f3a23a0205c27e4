import type { Platform } from "../../platform.ts";
import { backOffMs } from "./back-off.ts";
import { chooseByKey } from "./choose-by-key.ts";
import type { DeliveryOptions } from "./delivery-metadata.ts";

/** Resolves: consumed. Rejects: to be delivered again. `attempt` is 1 for the first delivery. */
export type QueueHandler<E> = (event: E, attempt: number) => Promise<void>;

/** One subscription among those that compete for the queue's events. */
export interface QueueMember {
  /** From the call on nothing more is handed out; resolves once what is under way has settled. */
  leave(): Promise<void>;
}

interface Entry<E> {
  readonly event: E;
  /** Place in the order of arrival. */
  readonly sequence: number;
  readonly lane: string | undefined;
  attempt: number;
  /** In a row; forgotten when a subscription joins. */
  failures: number;
}

interface Member<E> {
  /** Tells it from all others. */
  readonly number: number;
  /** Entries of its lanes, until it may take one more. */
  readonly pending: Entry<E>[];
  readonly handler: QueueHandler<E>;
  readonly options: DeliveryOptions;
  readonly platform: Platform;
  underWay: number;
  left: (() => void) | undefined;
}

function mayTake({ underWay, options }: Pick<Member<never>, "underWay" | "options">): boolean {
  return underWay < options.concurrency;
}

/**
 * The events of one consumer, handed to the subscriptions that compete for them: in order of arrival, to the one with
 * the least under way, each at least once, and kept until a handler resolved. An event that fails waits apart, so that
 * it holds up nothing but later events of its own lane (a partition key), which are never handed out beside it. A lane
 * stays with one subscription as long as that is there.
 * Storage is not its business: a durable broker pushes what it has stored and acknowledges within its handler.
 */
export class ConsumerQueue<E> {
  /** From `#head` on in the order of arrival. */
  #ready: Entry<E>[] = [];
  /** First of `#ready` that is still to be handed out. */
  #head = 0;
  /** Entries behind the one of their lane that is out; a lane exists while one is. */
  readonly #lanes = new Map<string, Entry<E>[]>();
  /** Entries in back-off, with what cancels their timer. */
  readonly #waiting = new Map<Entry<E>, () => void>();
  readonly #members = new Set<Member<E>>();
  #sequence = 0;
  #joined = 0;
  #size = 0;
  #pumping = false;

  /** Events not consumed yet, those under way included. */
  get size(): number {
    return this.#size;
  }

  get members(): number {
    return this.#members.size;
  }

  /** Handlers are called in a later microtask, never from within. */
  push(event: E, lane?: string): void {
    const entry: Entry<E> = { event, lane, sequence: this.#sequence++, attempt: 0, failures: 0 };
    this.#size++;
    if (lane !== undefined) {
      const behind = this.#lanes.get(lane);
      if (behind !== undefined) {
        behind.push(entry);
        return;
      }
      this.#lanes.set(lane, []);
    }
    this.#ready.push(entry);
    this.#pump();
  }

  /** Adds a subscription. What waits in back-off is due at once: what made it fail may have come back. */
  join(handler: QueueHandler<E>, options: DeliveryOptions, platform: Platform): QueueMember {
    const number = this.#joined++;
    const member: Member<E> = {
      number,
      pending: [],
      handler,
      options,
      platform,
      underWay: 0,
      left: undefined,
    };
    // Some lanes are the new one's now.
    for (const other of this.#members) this.#giveBack(other);
    this.#members.add(member);
    this.#endBackOff();
    this.#pump();
    let leaving: Promise<void> | undefined;
    return {
      leave: () => {
        leaving ??= new Promise((resolve) => {
          this.#members.delete(member);
          this.#giveBack(member);
          this.#pump();
          // No timer of a queue that nobody serves keeps its process alive.
          if (this.#members.size === 0) this.#endBackOff();
          if (member.underWay === 0) resolve();
          else member.left = resolve;
        });
        return leaving;
      },
    };
  }

  #endBackOff(): void {
    const due = [...this.#waiting.keys()];
    for (const entry of due) entry.failures = 0;
    for (const cancel of this.#waiting.values()) cancel();
    this.#waiting.clear();
    if (due.length === 0) return;
    this.#ready = [...due, ...this.#ready.slice(this.#head)].sort((a, b) => a.sequence - b.sequence);
    this.#head = 0;
  }

  #pump(): void {
    if (this.#pumping || this.#members.size === 0) return;
    this.#pumping = true;
    queueMicrotask(() => {
      this.#pumping = false;
      while (this.#head < this.#ready.length) {
        const entry = this.#ready[this.#head] as Entry<E>;
        const owner = entry.lane === undefined ? undefined : this.#owner(entry.lane);
        const member = owner ?? this.#freest();
        if (member === undefined) return;
        this.#head++;
        if (mayTake(member)) this.#hand(entry, member);
        else member.pending.push(entry);
      }
      this.#ready = [];
      this.#head = 0;
    });
  }

  #owner(lane: string): Member<E> | undefined {
    return chooseByKey(lane, this.#members, ({ number }) => number);
  }

  /** What a member was to take is to be had again. */
  #giveBack({ pending }: Member<E>): void {
    for (const entry of pending.splice(0)) this.#return(entry);
  }

  /** The member with the least under way that may take one more; the longest idle of equals. */
  #freest(): Member<E> | undefined {
    let best: Member<E> | undefined;
    for (const member of this.#members) {
      if (!mayTake(member)) continue;
      if (best === undefined || member.underWay < best.underWay) best = member;
    }
    if (best !== undefined && this.#members.size > 1) {
      this.#members.delete(best);
      this.#members.add(best);
    }
    return best;
  }

  #hand(entry: Entry<E>, member: Member<E>): void {
    member.underWay++;
    entry.attempt++;
    this.#run(entry, member).then((consumed) => {
      member.underWay--;
      if (consumed) this.#consumed(entry);
      else this.#failed(entry, member);
      const next = mayTake(member) ? member.pending.shift() : undefined;
      if (next !== undefined) this.#hand(next, member);
      if (member.underWay === 0) member.left?.();
      this.#pump();
    });
  }

  async #run({ event, attempt }: Entry<E>, { handler }: Member<E>): Promise<boolean> {
    try {
      await handler(event, attempt);
      return true;
    } catch {
      return false;
    }
  }

  #consumed({ lane }: Entry<E>): void {
    this.#size--;
    // A long backlog must not keep what was handed out long ago.
    if (this.#head > 1024 && this.#head * 2 > this.#ready.length) {
      this.#ready = this.#ready.slice(this.#head);
      this.#head = 0;
    }
    if (lane === undefined) return;
    const next = this.#lanes.get(lane)?.shift();
    if (next === undefined) this.#lanes.delete(lane);
    else this.#return(next);
  }

  #failed(entry: Entry<E>, member: Member<E>): void {
    entry.failures++;
    // Left meanwhile: another subscription of the consumer, or the next one, has not failed yet.
    if (!this.#members.has(member)) {
      this.#return(entry);
      return;
    }
    const ms = backOffMs(member.options.backOff, entry.failures, member.platform);
    const cancel = member.platform.clock.after(ms, () => {
      this.#waiting.delete(entry);
      this.#return(entry);
      this.#pump();
    });
    this.#waiting.set(entry, cancel);
  }

  /** Back to its place in the order of arrival, which is mostly before all that has not been handed out yet. */
  #return(entry: Entry<E>): void {
    let place = this.#head;
    let end = this.#ready.length;
    while (place < end) {
      const middle = (place + end) >> 1;
      if ((this.#ready[middle] as Entry<E>).sequence < entry.sequence) place = middle + 1;
      else end = middle;
    }
    if (this.#head === 0) {
      this.#ready.splice(place, 0, entry);
      return;
    }
    this.#ready.copyWithin(this.#head - 1, this.#head, place);
    this.#ready[place - 1] = entry;
    this.#head--;
  }
}
