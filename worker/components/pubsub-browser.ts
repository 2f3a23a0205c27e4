import type { ComponentContext, Durability } from "../../host/components/component.ts";
import { duration, integer } from "../../host/components/metadata-schema.ts";
import {
  type DeliveryOptions,
  deliveryMetadata,
  deliveryOptions,
  optionsFor,
} from "../../host/components/pubsub/delivery-metadata.ts";
import {
  definePubSub,
  type MessageHandler,
  type PublishRequest,
  type PubSub,
  type PubSubDefinition,
  type SubscribeRequest,
  type Subscription,
} from "../../host/components/pubsub/pubsub.ts";
import { isWildcard } from "../../host/components/pubsub/wildcard.ts";
import { ComponentError } from "../../host/errors/component-error.ts";
import { databaseName } from "../storage/database-names.ts";
import { LastDurability } from "../storage/durability.ts";
import type { ScopeStorage } from "../storage/scope-storage.ts";
import { token } from "../storage/token.ts";
import { BrowserSubscription } from "./browser-subscription.ts";
import type { Retention } from "./event-jobs.ts";
import { EventLog } from "./event-log.ts";
import { WildcardSubscription } from "./wildcard-subscription.ts";

const WEEK_MS = 7 * 24 * 3_600_000;

class BrowserPubSub implements PubSub {
  readonly #context: ComponentContext;
  readonly #delivery: DeliveryOptions;
  readonly #log: EventLog;
  /** Topics with something new, between all that have this database open: other Runtimes, tabs and workers. */
  readonly #channel: BroadcastChannel;
  readonly #subscriptions = new Set<BrowserSubscription>();
  readonly #wildcards = new Set<WildcardSubscription>();
  readonly #durability = new LastDurability();
  #closing: Promise<void> | undefined;

  constructor(
    database: string,
    context: ComponentContext,
    incarnation: ScopeStorage["incarnation"],
    delivery: DeliveryOptions,
    retention: Retention,
  ) {
    this.#context = context;
    this.#delivery = delivery;
    this.#log = new EventLog({
      databaseName: database,
      context,
      incarnation,
      retention,
      published: (topics) => this.#announce(topics),
    });
    this.#channel = new BroadcastChannel(database);
    this.#channel.onmessage = ({ data }) => {
      if (typeof data === "string") this.#wake(data);
    };
  }

  async open(): Promise<this> {
    try {
      await this.#log.open();
    } catch (error) {
      this.#channel.close();
      throw error;
    }
    await this.#durability.ask();
    return this;
  }

  get durability(): Durability {
    return this.#durability.value;
  }

  async publish(request: PublishRequest): Promise<void> {
    this.#ensureOpen();
    const kept = this.#log.publish(request);
    // Subscriptions of this component take in the very transaction that keeps the event.
    this.#wake(request.topic);
    await kept;
  }

  async subscribe(request: SubscribeRequest, handler: MessageHandler): Promise<Subscription> {
    this.#ensureOpen();
    const { topic: wildcard, consumerId } = request;
    if (!isWildcard(wildcard)) return await this.#subscribe(request, handler);
    const subscription: WildcardSubscription = new WildcardSubscription({
      wildcard,
      context: this.#context,
      topics: () => this.#log.topics(),
      // A consumer of its own: the app may subscribe to one of the topics by its name as well.
      subscribe: (topic) =>
        this.#subscribe({ ...request, topic, consumerId: `${consumerId} (${wildcard})` }, handler),
      closed: () => this.#wildcards.delete(subscription),
    });
    this.#wildcards.add(subscription);
    try {
      return await subscription.open();
    } catch (error) {
      await subscription.close();
      throw error;
    }
  }

  async #subscribe(request: SubscribeRequest, handler: MessageHandler): Promise<Subscription> {
    const subscription = new BrowserSubscription({
      request,
      handler,
      log: this.#log,
      delivery: optionsFor(request, this.#delivery),
      context: this.#context,
      member: token(this.#context.platform.random),
      released: () => {
        this.#wake(request.topic);
        this.#announce([request.topic]);
      },
      closed: () => this.#subscriptions.delete(subscription),
    });
    this.#subscriptions.add(subscription);
    try {
      return await subscription.open();
    } catch (error) {
      this.#subscriptions.delete(subscription);
      throw error;
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await Promise.allSettled([...this.#wildcards].map((subscription) => subscription.close()));
    await Promise.allSettled([...this.#subscriptions].map((subscription) => subscription.close()));
    await this.#log.close();
    this.#channel.close();
  }

  /** To the others; a channel does not hear itself. */
  #announce(topics: Iterable<string>): void {
    for (const topic of topics) this.#channel.postMessage(topic);
  }

  #wake(topic: string): void {
    for (const subscription of this.#subscriptions) if (subscription.topic === topic) subscription.wake();
    for (const subscription of this.#wildcards) subscription.wake(topic);
  }

  #ensureOpen(): void {
    if (this.#closing === undefined) return;
    throw new ComponentError("UNAVAILABLE", `pub/sub ${this.#context.name} is closed; open it again`);
  }
}

/** `pubsub.browser` for one scope. */
export function browserPubSub({ databasePrefix, incarnation }: ScopeStorage): PubSubDefinition {
  return definePubSub({
    type: "pubsub.browser",
    version: "v1",
    summary:
      "Between all pages and apps of one origin and scope; events and cursors are in the browser's IndexedDB before the publisher is answered, and kept for apps that are away or come for the first time.",
    metadata: {
      ...deliveryMetadata,
      retention: duration(
        "Age at which an event is dropped, consumed or not, and an app that has not subscribed for as long is forgotten.",
        WEEK_MS,
      ),
      maxEvents: integer(
        "Most events kept of one topic. Above it the oldest makes room if every known app has consumed it; else publishing fails until it has been.",
        10_000,
      ),
    },
    features: ["DURABLE", "TTL", "OUTCOME", "SUBSCRIBE_WILDCARDS"],
    async open(metadata, context) {
      const { retention, maxEvents } = metadata;
      if (maxEvents < 1 || retention <= 0) {
        throw new ComponentError(
          "INVALID_ARGUMENT",
          `component ${context.name}: metadata fields retention and maxEvents: expected more than zero`,
        );
      }
      const pubsub = new BrowserPubSub(
        databaseName(databasePrefix, "pubsub", context.name),
        context,
        incarnation,
        deliveryOptions(context.name, metadata),
        { maxAgeMs: retention, maxEvents },
      );
      return await pubsub.open();
    },
  });
}
