import type { Component, Definition } from "../component.ts";
import type { MetadataSchema } from "../metadata-schema.ts";

export interface PublishRequest {
  readonly topic: string;
  /** The envelope, or the publisher's own bytes for a raw payload. The component owns the array from here on. */
  readonly data: Uint8Array;
  readonly contentType: string | undefined;
  readonly metadata: ReadonlyMap<string, string>;
  /** With an id, a second publish of the same id appends nothing and succeeds (components with OUTCOME). */
  readonly requestId: string | undefined;
}

export interface Message {
  readonly topic: string;
  /** Shared with other consumers and with later attempts: to be read only, and never to be transferred. */
  readonly data: Uint8Array;
  readonly contentType: string | undefined;
  readonly metadata: ReadonlyMap<string, string>;
  /** 1 for the first delivery to this consumer. */
  readonly attempt: number;
}

/** Resolves: acknowledged, never to come again. Rejects: to be delivered again, after the component's back-off. */
export type MessageHandler = (message: Message) => Promise<void>;

export interface SubscribeRequest {
  readonly topic: string;
  /** Instances with the same consumer compete for each event; different consumers each get it. */
  readonly consumerId: string;
  readonly metadata: ReadonlyMap<string, string>;
}

export interface Subscription {
  /** No event is handed out after it resolves; one under way is awaited. */
  close(): Promise<void>;
}

/**
 * A broker. `publish` resolves once the event is as safe as the component's durability says, not before.
 * Delivery is at-least-once with competing consumers, and an event counts as consumed only after its handler resolved.
 * Events are handed out in the order of publication, several at a time. Those that share a `partitionKey` in their
 * metadata are handed to one consumer's subscriptions one after the other, also when one has to be delivered again.
 */
export interface PubSub extends Component {
  publish(request: PublishRequest): Promise<void>;
  subscribe(request: SubscribeRequest, handler: MessageHandler): Promise<Subscription>;
}

/**
 * DURABLE: an acknowledged event outlives the process (or the worker). TTL: the component drops expired events
 * itself, so no `expiration` is framed. OUTCOME: see {@link PublishRequest.requestId}.
 */
export type PubSubFeature = "DURABLE" | "TTL" | "OUTCOME" | "SUBSCRIBE_WILDCARDS";

export interface PubSubDefinition<M extends MetadataSchema = MetadataSchema> extends Definition<PubSub, M> {
  readonly type: `pubsub.${string}`;
  readonly features: readonly PubSubFeature[];
}

export function definePubSub<const M extends MetadataSchema>(
  definition: PubSubDefinition<M>,
): PubSubDefinition {
  return definition as unknown as PubSubDefinition;
}
