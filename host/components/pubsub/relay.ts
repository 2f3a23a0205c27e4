import { ComponentError } from "../../errors/component-error.ts";
import type { RelayConnection } from "../../mesh/relay-connection.ts";
import { refuseCleartext } from "../../security/cleartext.ts";
import { text } from "../metadata-schema.ts";
import { type DeliveryOptions, deliveryMetadata, deliveryOptions, optionsFor } from "./delivery-metadata.ts";
import {
  definePubSub,
  type MessageHandler,
  type PublishRequest,
  type PubSub,
  type SubscribeRequest,
  type Subscription,
} from "./pubsub.ts";

class RelayPubSub implements PubSub {
  readonly #subscriptions = new Set<Subscription>();
  #closed: Promise<void> | undefined;

  constructor(
    readonly name: string,
    readonly connection: RelayConnection,
    readonly options: DeliveryOptions,
  ) {}

  async publish(request: PublishRequest): Promise<void> {
    this.#ensureOpen();
    await this.connection.publish(request);
  }

  async subscribe(request: SubscribeRequest, handler: MessageHandler): Promise<Subscription> {
    this.#ensureOpen();
    const subscription = await this.connection.subscribe(request, handler, optionsFor(request, this.options));
    this.#subscriptions.add(subscription);
    return {
      close: async () => {
        await subscription.close();
        this.#subscriptions.delete(subscription);
      },
    };
  }

  close(): Promise<void> {
    this.#closed ??= (async () => {
      await Promise.all([...this.#subscriptions].map((subscription) => subscription.close()));
      await this.connection.release();
    })();
    return this.#closed;
  }

  #ensureOpen(): void {
    if (this.#closed === undefined) return;
    throw new ComponentError("UNAVAILABLE", `pub/sub ${this.name} is closed; open it again`);
  }
}

/** `pubsub.relay`: topics that the members of a relay's room share, pages and Node alike. */
export const relayPubSub = definePubSub({
  type: "pubsub.relay",
  version: "v1",
  summary:
    "Through a relay (`daprlet relay`), between browsers and machines. The relay keeps events in its memory for apps that are away: they outlive the app and its host, and are not durable beyond the relay.",
  metadata: {
    url: text.required("The relay's address: ws://127.0.0.1:3499, or wss:// beyond this machine."),
    room: text("Members of one room share topics and may call each other.", "default"),
    token: text("What the relay asks for; needed wherever it listens beyond its own machine."),
    ...deliveryMetadata,
  },
  features: ["OUTCOME"],
  async open(metadata, context) {
    const { appId, namespace, name, relays } = context;
    const options = deliveryOptions(name, metadata);
    const { url, room, token } = metadata;
    refuseCleartext(`the relay of component ${name}`, url, context.platform.allowCleartext);
    const connection = await relays.open({ url, room, token, appId, namespace });
    return new RelayPubSub(name, connection, options);
  },
});
