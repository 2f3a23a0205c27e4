import { ConsumerQueue } from "../../components/pubsub/consumer-queue.ts";
import { ComponentError } from "../../errors/component-error.ts";
import type { Platform } from "../../platform.ts";
import type { RelayEvent, RelayLog, RelaySubscriber, RelaySubscription } from "./relay-log.ts";

/** Bytes that several logs share. */
export class ByteBudget {
  #used = 0;

  constructor(readonly limit: number) {}

  get exceeded(): boolean {
    return this.#used > this.limit;
  }

  take(bytes: number): void {
    this.#used += bytes;
  }

  give(bytes: number): void {
    this.#used -= bytes;
  }
}

export interface MemoryRelayLogOptions {
  /** Of all that this log and those beside it keep; without it 256 MiB of its own. */
  readonly budget?: ByteBudget;
  /** Of one consumer in one topic, until publishing to the topic is refused. */
  readonly maxWaiting?: number;
  readonly maxWaitingBytes?: number;
  /** Of one topic, kept for consumers that subscribe for the first time; the oldest go first. */
  readonly maxHistory?: number;
  readonly maxHistoryBytes?: number;
  readonly maxTopics?: number;
  /** A consumer without a subscription for so long is forgotten, with what waited for it. */
  readonly forgetAfterMs?: number;
  /** How long a publish's key is remembered. */
  readonly keyMs?: number;
  readonly maxKeys?: number;
}

/** Of all events of a relay, in bytes. */
export const relayMemory = 256 << 20;

const defaults: Required<Omit<MemoryRelayLogOptions, "budget">> = {
  maxWaiting: 10_000,
  maxWaitingBytes: 64 << 20,
  maxHistory: 1_000,
  maxHistoryBytes: 4 << 20,
  maxTopics: 10_000,
  forgetAfterMs: 24 * 60 * 60_000,
  keyMs: 10 * 60_000,
  maxKeys: 100_000,
};

interface Consumer {
  readonly queue: ConsumerQueue<RelayEvent>;
  bytes: number;
  /** Since when it has no subscription. */
  absentSince: number | undefined;
}

class Topic {
  readonly consumers = new Map<string, Consumer>();
  readonly history: RelayEvent[] = [];
  historyBytes = 0;
}

const sizeOf = ({ data }: RelayEvent) => data.byteLength + 256;
/** Of a name that is kept: a topic, a consumer, a key. */
const sizeOfName = (name: string) => 2 * name.length + 128;

function laneOf({ metadata }: RelayEvent): string | undefined {
  for (let i = 0; i < metadata.length; i += 2) if (metadata[i] === "partitionKey") return metadata[i + 1];
  return undefined;
}

/** Keeps events in this process: they outlive the members' processes, and not the relay's. */
export class MemoryRelayLog implements RelayLog {
  readonly #platform: Platform;
  readonly #limits: Required<Omit<MemoryRelayLogOptions, "budget">>;
  readonly #budget: ByteBudget;
  #names = 0;
  readonly #topics = new Map<string, Topic>();
  /** Key → when it may be forgotten, in order of that time. */
  readonly #keys = new Map<string, number>();

  constructor(platform: Platform, options: MemoryRelayLogOptions = {}) {
    this.#platform = platform;
    const { budget, ...limits } = options;
    this.#limits = { ...defaults, ...limits };
    this.#budget = budget ?? new ByteBudget(relayMemory);
  }

  async publish(name: string, key: string, event: RelayEvent): Promise<void> {
    if (this.#seen(key)) return;
    const topic = this.#topic(name);
    // All or none: every consumer is looked at before the first is added to.
    for (const [consumer, waiting] of topic.consumers) this.#makeRoom(name, topic, consumer, waiting);
    this.#ensureBudget();
    for (const consumer of topic.consumers.values()) this.#push(consumer, event);
    this.#remember(topic, event);
    this.#keys.set(key, this.#platform.clock.now() + this.#limits.keyMs);
    this.#keep(sizeOfName(key));
  }

  async subscribe(name: string, id: string, subscriber: RelaySubscriber): Promise<RelaySubscription> {
    const topic = this.#topic(name);
    let consumer = topic.consumers.get(id);
    if (consumer === undefined) {
      consumer = { queue: new ConsumerQueue(), bytes: 0, absentSince: undefined };
      topic.consumers.set(id, consumer);
      this.#keep(sizeOfName(id));
      for (const event of topic.history) this.#push(consumer, event);
    }
    const known = consumer;
    known.absentSince = undefined;
    const member = known.queue.join(
      async (event, attempt) => {
        await subscriber.deliver(event, attempt);
        known.bytes -= sizeOf(event);
        this.#budget.give(sizeOf(event));
      },
      subscriber.options,
      this.#platform,
    );
    return {
      leave: () => {
        const left = member.leave();
        if (known.queue.members === 0) known.absentSince = this.#platform.clock.now();
        return left;
      },
    };
  }

  /** Counts what is no event. */
  #keep(bytes: number): void {
    this.#names += bytes;
    this.#budget.take(bytes);
  }

  #push(consumer: Consumer, event: RelayEvent): void {
    consumer.bytes += sizeOf(event);
    this.#budget.take(sizeOf(event));
    consumer.queue.push(event, laneOf(event));
  }

  /** What is kept for those who never came goes first; what a consumer waits for is never given up. */
  #ensureBudget(): void {
    if (!this.#budget.exceeded) return;
    for (const topic of this.#topics.values()) {
      this.#budget.give(topic.historyBytes);
      topic.history.length = 0;
      topic.historyBytes = 0;
      if (!this.#budget.exceeded) return;
    }
    throw new ComponentError(
      "RESOURCE_EXHAUSTED",
      "the relay's memory is full of events that wait for their consumers; let them catch up",
    );
  }

  #topic(name: string): Topic {
    let topic = this.#topics.get(name);
    if (topic === undefined) {
      if (this.#topics.size >= this.#limits.maxTopics) {
        throw new ComponentError(
          "RESOURCE_EXHAUSTED",
          `the relay's room has ${this.#topics.size} topics, which is the most it keeps`,
        );
      }
      this.#ensureBudget();
      topic = new Topic();
      this.#topics.set(name, topic);
      this.#keep(sizeOfName(name));
    }
    return topic;
  }

  #seen(key: string): boolean {
    const now = this.#platform.clock.now();
    for (const [old, until] of this.#keys) {
      if (until > now && this.#keys.size < this.#limits.maxKeys) break;
      this.#keys.delete(old);
      this.#keep(-sizeOfName(old));
    }
    return this.#keys.has(key);
  }

  #makeRoom(name: string, topic: Topic, id: string, { queue, bytes, absentSince }: Consumer): void {
    const now = this.#platform.clock.now();
    if (absentSince !== undefined && now - absentSince >= this.#limits.forgetAfterMs) {
      topic.consumers.delete(id);
      this.#keep(-sizeOfName(id));
      this.#budget.give(bytes);
      this.#platform.log.warn("a consumer did not come back and is forgotten", {
        topic: name,
        consumer: id,
        events: queue.size,
      });
      return;
    }
    if (queue.size < this.#limits.maxWaiting && bytes < this.#limits.maxWaitingBytes) return;
    throw new ComponentError(
      "RESOURCE_EXHAUSTED",
      `${queue.size} events of topic ${name} wait for ${id}, which is the most that the relay keeps; let it catch up`,
    );
  }

  #remember(topic: Topic, event: RelayEvent): void {
    const { history } = topic;
    history.push(event);
    topic.historyBytes += sizeOf(event);
    this.#budget.take(sizeOf(event));
    let drop = 0;
    while (
      history.length - drop > this.#limits.maxHistory ||
      topic.historyBytes > this.#limits.maxHistoryBytes
    ) {
      const oldest = history[drop];
      if (oldest === undefined) break;
      topic.historyBytes -= sizeOf(oldest);
      this.#budget.give(sizeOf(oldest));
      drop++;
    }
    if (drop > 0) history.splice(0, drop);
  }

  async close(): Promise<void> {
    for (const { historyBytes, consumers } of this.#topics.values()) {
      this.#budget.give(historyBytes);
      for (const { bytes } of consumers.values()) this.#budget.give(bytes);
    }
    this.#keep(-this.#names);
    this.#topics.clear();
    this.#keys.clear();
  }
}
