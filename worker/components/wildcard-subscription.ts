import type { ComponentContext } from "../../host/components/component.ts";
import type { Subscription } from "../../host/components/pubsub/pubsub.ts";
import { covers } from "../../host/components/pubsub/wildcard.ts";
import { reasonOf } from "../../host/errors/reason-of.ts";

/** Without a word from anybody is looked for topics so often: a word may be lost while a page is frozen. */
const POLL_MS = 15_000;

export interface WildcardSubscriptionOptions {
  readonly wildcard: string;
  readonly context: ComponentContext;
  /** All that exist. */
  topics(): Promise<readonly string[]>;
  /** Subscribes to one of them. */
  subscribe(topic: string): Promise<Subscription>;
  closed(): void;
}

/** A subscription to each topic that a wildcard stands for: those that exist, and others once there is an event of them. */
export class WildcardSubscription implements Subscription {
  readonly #options: WildcardSubscriptionOptions;
  readonly #subscriptions = new Map<string, Promise<Subscription>>();
  #cancelPoll: () => void = () => undefined;
  #closing: Promise<void> | undefined;

  constructor(options: WildcardSubscriptionOptions) {
    this.#options = options;
  }

  /** Resolves once it has all topics that exist; a new one's events are kept from its first on. */
  async open(): Promise<this> {
    await this.#look();
    this.#poll();
    return this;
  }

  /** There is such a topic. */
  wake(topic: string): void {
    this.#add(topic).catch((error: unknown) => {
      const { context } = this.#options;
      context.log.warn(`topic ${topic} could not be subscribed to and is tried again`, {
        cause: reasonOf(error),
      });
    });
  }

  close(): Promise<void> {
    this.#closing ??= (async () => {
      this.#cancelPoll();
      const opened = await Promise.allSettled(this.#subscriptions.values());
      await Promise.all(
        opened.map((result) => (result.status === "fulfilled" ? result.value.close() : undefined)),
      );
      this.#options.closed();
    })();
    return this.#closing;
  }

  async #add(topic: string): Promise<void> {
    const { wildcard, subscribe } = this.#options;
    if (this.#closing !== undefined || !covers(wildcard, topic)) return;
    let subscription = this.#subscriptions.get(topic);
    if (subscription === undefined) {
      subscription = subscribe(topic);
      this.#subscriptions.set(topic, subscription);
      subscription.catch(() => this.#subscriptions.delete(topic));
    }
    await subscription;
  }

  async #look(): Promise<void> {
    const topics = await this.#options.topics();
    await Promise.all(topics.map((topic) => this.#add(topic)));
  }

  #poll(): void {
    this.#cancelPoll = this.#options.context.platform.clock.after(POLL_MS, () => {
      if (this.#closing !== undefined) return;
      this.#look().catch((error: unknown) => {
        this.#options.context.log.debug("topics could not be listed", { cause: reasonOf(error) });
      });
      this.#poll();
    });
  }
}
