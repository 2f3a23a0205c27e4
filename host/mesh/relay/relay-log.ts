import type { DeliveryOptions } from "../../components/pubsub/delivery-metadata.ts";

/** An event as a relay keeps it. Metadata is `[name, value, …]`. */
export interface RelayEvent {
  readonly type: string | undefined;
  readonly metadata: readonly string[];
  readonly data: Uint8Array;
}

/** One subscription of a consumer that is connected. */
export interface RelaySubscriber {
  readonly options: DeliveryOptions;
  /** Resolves: consumed. Rejects: to be delivered again. */
  deliver(event: RelayEvent, attempt: number): Promise<void>;
}

export interface RelaySubscription {
  /** Nothing is handed out from the call on; resolves when what was has settled. */
  leave(): Promise<void>;
}

/**
 * The events of one room: where they are kept, and who has consumed which. The relay's durability is that of its log;
 * this is the seam for one that outlives the process.
 */
export interface RelayLog {
  /**
   * Resolves when the event is as safe as this log makes it, and then it is delivered at least once to every consumer
   * that ever subscribed. A key that came before appends nothing and resolves too. Throws ComponentError
   * RESOURCE_EXHAUSTED rather than lose what a consumer has not had yet.
   */
  publish(topic: string, key: string, event: RelayEvent): Promise<void>;
  /**
   * Subscribers of one consumer compete; different consumers each get every event. A consumer that subscribes for
   * the first time gets what the log still has of the topic.
   */
  subscribe(topic: string, consumer: string, subscriber: RelaySubscriber): Promise<RelaySubscription>;
  close(): Promise<void>;
}
