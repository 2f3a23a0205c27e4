import type { DBSchema } from "idb";
import type { Layout } from "../storage/database.ts";

/** An event that was published; key: topic and place. */
export interface StoredEvent {
  /** Its place in the topic, from 1 on; never given twice. */
  readonly place: number;
  readonly data: Uint8Array;
  readonly contentType?: string;
  readonly metadata: readonly (readonly [name: string, value: string])[];
  readonly publishedAt: number;
  readonly expiresAt?: number;
  /** Its partition key: events of one are handed to a consumer one after the other. */
  readonly lane?: string;
}

export interface StoredTopic {
  /** The place of the next event. */
  readonly next: number;
  /** How many events are kept. */
  readonly count: number;
}

/** What one consumer of a topic has had; key: topic and consumer. */
export interface StoredConsumer {
  /** Events before this place were handed out, or are waiting in `deliveries`. */
  readonly next: number;
  /** Subscriptions that compete for the events, and when each was last seen. */
  readonly members: readonly (readonly [member: string, seenAt: number])[];
  /** The member that was given events last. */
  readonly last: string | undefined;
  /** When any of its subscriptions was last seen. */
  readonly seenAt: number;
}

/** Who has an event in hand. Only the holder of the token may end the delivery. */
export interface Claim {
  readonly token: string;
  /** The service worker's incarnation; absent in page mode. */
  readonly incarnation?: string;
}

/** An event that one consumer was offered and has not consumed; key: topic, consumer and place. */
export interface StoredDelivery {
  readonly topic: string;
  readonly consumer: string;
  readonly place: number;
  readonly attempt: number;
  /** In a row, for the back-off. */
  readonly failures: number;
  /** When it may be handed out (again): the end of a claim or of a back-off, {@link BEHIND} for one behind its lane's first. */
  readonly due: number;
  readonly claim?: Claim;
  readonly lane?: string;
}

export const BEHIND = Number.MAX_VALUE;

export interface PubSubSchema extends DBSchema {
  events: {
    key: [topic: string, place: number];
    value: StoredEvent;
    indexes: { expiresAt: number; publishedAt: number };
  };
  topics: { key: string; value: StoredTopic };
  consumers: { key: [topic: string, consumer: string]; value: StoredConsumer };
  deliveries: {
    key: [topic: string, consumer: string, place: number];
    value: StoredDelivery;
    indexes: {
      due: [topic: string, consumer: string, due: number];
      lane: [topic: string, consumer: string, lane: string, place: number];
    };
  };
  outcomes: { key: string; value: { readonly expiresAt: number }; indexes: { expiresAt: number } };
  /** The last group of jobs that one open component committed. */
  commits: {
    key: string;
    value: { readonly group: number; readonly expiresAt: number };
    indexes: { expiresAt: number };
  };
}

export const pubSubStores = ["events", "topics", "consumers", "deliveries", "outcomes", "commits"] as const;

export const pubSubLayout: Layout<PubSubSchema> = {
  version: 1,
  upgrade(database) {
    const events = database.createObjectStore("events");
    events.createIndex("expiresAt", "expiresAt");
    events.createIndex("publishedAt", "publishedAt");
    database.createObjectStore("topics");
    database.createObjectStore("consumers");
    const deliveries = database.createObjectStore("deliveries");
    deliveries.createIndex("due", ["topic", "consumer", "due"]);
    deliveries.createIndex("lane", ["topic", "consumer", "lane", "place"]);
    database.createObjectStore("outcomes").createIndex("expiresAt", "expiresAt");
    database.createObjectStore("commits").createIndex("expiresAt", "expiresAt");
  },
};
