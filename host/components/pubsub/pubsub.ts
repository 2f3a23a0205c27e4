import type { Component, Definition, Durability } from "../component.ts";
import type { MetadataSchema } from "../metadata-schema.ts";
import type { MessageHandler, PublishRequest, SubscribeRequest, Subscription } from "./event.ts";

export type * from "./event.ts";

/**
 * A broker. `publish` resolves once the event is as safe as the component's durability says, not before.
 * Delivery is at-least-once with competing consumers, and an event counts as consumed only after its handler resolved.
 * Events are handed out in the order of publication, several at a time. Those that share a `partitionKey` in their
 * metadata are handed to one consumer's subscriptions one after the other, also when one has to be delivered again.
 */
export interface PubSub extends Component {
  /** What keeps the events. Left out: `persistent` where the features say DURABLE, else `memory`. */
  readonly durability?: Durability;
  publish(request: PublishRequest): Promise<void>;
  subscribe(request: SubscribeRequest, handler: MessageHandler): Promise<Subscription>;
}

/**
 * DURABLE: an acknowledged event outlives the process (or the worker). TTL: the component drops expired events
 * itself, so no `expiration` is framed. OUTCOME: see {@link PublishRequest.requestId}. SUBSCRIBE_WILDCARDS: a topic that
 * ends with a star stands for all that begin so; each message tells its own topic.
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
