import type { PlacementLink } from "../actors/placement/placement-link.ts";
import type { DeliveryOptions } from "../components/pubsub/delivery-metadata.ts";
import type { Message, PublishRequest, SubscribeRequest, Subscription } from "../components/pubsub/event.ts";
import type { Transport } from "./transport.ts";

export interface RelayOptions {
  /** `ws://` or `wss://`. */
  readonly url: string;
  readonly room: string;
  readonly token: string | undefined;
  /** Who joins: the relay knows the member by this, and by the token that entitles to it. */
  readonly appId: string;
  readonly namespace: string;
}

/**
 * A session with one relay. It survives the socket: on reconnection it resumes subscriptions and unacknowledged
 * deliveries, and requests under way fail with UnavailableError.
 */
export interface RelayConnection {
  readonly transport: Transport;
  /** The way to the room's coordinator of this namespace, for instances named as the one that {@link transport} joined as. */
  readonly placement: PlacementLink;
  /**
   * Resolves once the relay has the event. Sent again after a lost connection under the same key, so that it is
   * appended once. Throws ComponentError: RESOURCE_EXHAUSTED when too much is under way or the relay is full,
   * UNAVAILABLE when the relay stays away.
   */
  publish(request: PublishRequest): Promise<void>;
  subscribe(
    request: SubscribeRequest,
    handler: (message: Message) => Promise<void>,
    options: DeliveryOptions,
  ): Promise<Subscription>;
  /** Gives up one use; the last one closes the socket. */
  release(): Promise<void>;
}

/** Connections by all of their options, shared and counted. */
export interface RelayConnections {
  /** Throws ComponentError when the relay refuses the member, or does not answer within some seconds. */
  open(options: RelayOptions): Promise<RelayConnection>;
}
