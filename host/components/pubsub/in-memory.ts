import { ComponentError } from "../../errors/component-error.ts";
import type { ComponentContext } from "../component.ts";
import { integer } from "../metadata-schema.ts";
import { ConsumerQueue, type QueueMember } from "./consumer-queue.ts";
import { type DeliveryOptions, deliveryMetadata, deliveryOptions, optionsFor } from "./delivery-metadata.ts";
import {
  definePubSub,
  type MessageHandler,
  type PublishRequest,
  type PubSub,
  type PubSubDefinition,
  type SubscribeRequest,
  type Subscription,
} from "./pubsub.ts";
import { covers, isWildcard } from "./wildcard.ts";

/** How long a request id is remembered, in milliseconds. */
const OUTCOME_TTL_MS = 10 * 60_000;

/** What components of one name share: queues by topic and consumer, and the ids of requests already carried out. */
class Bus {
  readonly topics = new Map<string, Map<string, ConsumerQueue<PublishRequest>>>();
  /** Those of its topics that are wildcards. */
  readonly wildcards = new Set<string>();
  /** Request id → when it may be forgotten; in order of that time. */
  readonly outcomes = new Map<string, number>();
  /** Components that are open on it. */
  users = 0;

  /** Events that were acknowledged and not consumed. */
  get waiting(): number {
    let waiting = 0;
    for (const consumers of this.topics.values()) for (const { size } of consumers.values()) waiting += size;
    return waiting;
  }
}

/**
 * The memory behind `pubsub.in-memory`. Runtimes exchange events only when they were given the same one, and then
 * between components of the same name.
 */
export class InMemoryBroker {
  readonly #buses = new Map<string, Bus>();

  bus(component: string): Bus {
    let bus = this.#buses.get(component);
    if (bus === undefined) {
      bus = new Bus();
      this.#buses.set(component, bus);
    }
    return bus;
  }
}

class InMemoryPubSub implements PubSub {
  readonly #members = new Set<QueueMember>();
  #closed = false;

  constructor(
    readonly bus: Bus,
    readonly options: DeliveryOptions,
    readonly queueDepth: number,
    readonly context: ComponentContext,
    /** Whether the bus outlives its components. */
    readonly lasting: boolean,
  ) {
    bus.users++;
  }

  async publish(request: PublishRequest): Promise<void> {
    this.#ensureOpen();
    const { topic, requestId } = request;
    if (requestId !== undefined && this.#seen(requestId)) return;
    // All or none: every queue is looked at before the first is added to.
    const all = this.#consumersOf(topic);
    for (const consumers of all) {
      for (const [consumer, queue] of consumers) this.#makeRoom(topic, consumer, queue, consumers);
    }
    const lane = request.metadata.get("partitionKey");
    for (const consumers of all) for (const queue of consumers.values()) queue.push(request, lane);
    if (requestId !== undefined) {
      this.bus.outcomes.set(requestId, this.context.platform.clock.now() + OUTCOME_TTL_MS);
    }
  }

  async subscribe(request: SubscribeRequest, handler: MessageHandler): Promise<Subscription> {
    this.#ensureOpen();
    const { topic, consumerId } = request;
    let consumers = this.bus.topics.get(topic);
    if (consumers === undefined) {
      consumers = new Map();
      this.bus.topics.set(topic, consumers);
      if (isWildcard(topic)) this.bus.wildcards.add(topic);
    }
    let queue = consumers.get(consumerId);
    if (queue === undefined) {
      queue = new ConsumerQueue();
      consumers.set(consumerId, queue);
    }
    const member = queue.join(
      ({ topic, data, contentType, metadata }, attempt) =>
        handler({ topic, data, contentType, metadata, attempt }),
      optionsFor(request, this.options),
      this.context.platform,
    );
    this.#members.add(member);
    return {
      close: async () => {
        await member.leave();
        this.#members.delete(member);
      },
    };
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await Promise.all([...this.#members].map((member) => member.leave()));
    const { waiting } = this.bus;
    if (--this.bus.users > 0 || this.lasting || waiting === 0) return;
    this.context.log.warn(`pub/sub ${this.context.name} ends with ${waiting} events in memory`);
  }

  /** By the topic's own name, and by wildcards that stand for it. */
  #consumersOf(topic: string): readonly Map<string, ConsumerQueue<PublishRequest>>[] {
    const { topics, wildcards } = this.bus;
    const names = [
      topic,
      ...[...wildcards].filter((wildcard) => wildcard !== topic && covers(wildcard, topic)),
    ];
    return names.map((name) => topics.get(name)).filter((consumers) => consumers !== undefined);
  }

  #ensureOpen(): void {
    if (this.#closed) {
      throw new ComponentError("UNAVAILABLE", `pub/sub ${this.context.name} is closed; open it again`);
    }
  }

  #seen(requestId: string): boolean {
    const now = this.context.platform.clock.now();
    for (const [id, until] of this.bus.outcomes) {
      if (until > now) break;
      this.bus.outcomes.delete(id);
    }
    return this.bus.outcomes.has(requestId);
  }

  /** A queue without a subscriber that nobody empties is given up; one that is only slow stops its publishers. */
  #makeRoom(
    topic: string,
    consumer: string,
    queue: ConsumerQueue<PublishRequest>,
    consumers: Map<string, ConsumerQueue<PublishRequest>>,
  ): void {
    if (queue.size < this.queueDepth) return;
    if (queue.members === 0) {
      consumers.delete(consumer);
      this.context.log.warn(
        `pub/sub ${this.context.name}: ${queue.size} events of topic ${topic} were not collected by ${consumer}, which has no subscription any more; they are given up`,
      );
      return;
    }
    throw new ComponentError(
      "RESOURCE_EXHAUSTED",
      `${queue.size} events of the topic wait for ${consumer}, which is the most that queueDepth allows; let it catch up, or raise queueDepth`,
    );
  }
}

/**
 * `pubsub.in-memory`. Without a broker every component is a bus of its own, which one that replaces it takes over; a broker that is handed in is
 * shared by all runtimes whose registries hold this definition.
 */
export function inMemoryPubSub(broker?: InMemoryBroker): PubSubDefinition {
  return definePubSub({
    type: "pubsub.in-memory",
    version: "v1",
    summary:
      "In this process only and gone with it. An app gets the events published after its first subscription; not durable.",
    metadata: {
      ...deliveryMetadata,
      queueDepth: integer(
        "Most events that wait for one app; above it publishing fails until the app has caught up.",
        10_000,
      ),
    },
    features: ["OUTCOME", "SUBSCRIBE_WILDCARDS"],
    async open(metadata, context) {
      const { name, predecessor } = context;
      const kept = predecessor instanceof InMemoryPubSub ? predecessor.bus : undefined;
      const bus = broker?.bus(name) ?? kept ?? new Bus();
      const options = deliveryOptions(name, metadata);
      return new InMemoryPubSub(bus, options, metadata.queueDepth, context, broker !== undefined);
    },
  });
}
