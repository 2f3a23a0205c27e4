import { ComponentError } from "../../errors/component-error.ts";
import type { ComponentContext } from "../component.ts";
import { metadataQuery } from "../dapr/remote-json.ts";
import { remoteMetadata } from "../dapr/remote-metadata.ts";
import { RemoteSidecar } from "../dapr/remote-sidecar.ts";
import { definePubSub, type PublishRequest, type PubSub, type Subscription } from "./pubsub.ts";

class DaprPubSub implements PubSub {
  readonly #remote: RemoteSidecar;
  readonly #context: ComponentContext;

  constructor(remote: RemoteSidecar, context: ComponentContext) {
    this.#remote = remote;
    this.#context = context;
  }

  async publish({ topic, data, contentType, metadata }: PublishRequest): Promise<void> {
    await this.#remote.call({
      method: "POST",
      path: `/v1.0/publish/${this.#remote.component}/${encodeURIComponent(topic)}${metadataQuery(metadata)}`,
      // An envelope goes on as it is: the other sidecar adds its own names to it and no second one around it.
      headers: { "content-type": contentType ?? "" },
      body: data,
    });
  }

  subscribe(): Promise<Subscription> {
    const { name } = this.#context;
    const { url } = this.#remote;
    return Promise.reject(
      new ComponentError(
        "UNIMPLEMENTED",
        `pub/sub ${name} publishes only: the sidecar at ${url} hands events to its own app over HTTP and to nobody else; join both by a relay (pubsub.relay) to subscribe`,
      ),
    );
  }

  close(): Promise<void> {
    return this.#remote.close();
  }
}

/** `pubsub.dapr`. */
export const daprPubSub = definePubSub({
  type: "pubsub.dapr",
  version: "v1",
  summary:
    "Publishes through a pub/sub of another Dapr sidecar. Subscribing needs a relay or a broker that both reach.",
  metadata: remoteMetadata,
  features: [],
  open: async (metadata, context) => new DaprPubSub(new RemoteSidecar(metadata, context), context),
});
