import type { Message, PublishRequest, SubscribeRequest, Subscription } from "../components/pubsub/pubsub.ts";
import type { Transport } from "./transport.ts";

export interface RelayOptions {
  /** `ws://` or `wss://`. */
  readonly url: string;
  readonly room: string;
  readonly token: string | undefined;
}

/**
 * A session with one relay. It survives the socket: on reconnection it resumes subscriptions and unacknowledged
 * deliveries, and requests under way fail with UnavailableError.
 */
export interface RelayConnection {
  readonly transport: Transport;
  publish(request: PublishRequest): Promise<void>;
  subscribe(request: SubscribeRequest, handler: (message: Message) => Promise<void>): Promise<Subscription>;
  /** Gives up one use; the last one closes the socket. */
  release(): Promise<void>;
}

/** Connections by URL and room, shared and counted. */
export interface RelayConnections {
  open(options: RelayOptions): Promise<RelayConnection>;
}
