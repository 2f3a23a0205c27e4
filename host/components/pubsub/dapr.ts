import { ComponentError } from "../../errors/component-error.ts";
import type { ComponentContext } from "../component.ts";
import { OfflineCalls } from "../dapr/offline-calls.ts";
import type { OpenQueue } from "../dapr/offline-queue.ts";
import { metadataQuery } from "../dapr/remote-json.ts";
import { offlineMetadata, remoteMetadata } from "../dapr/remote-metadata.ts";
import { RemoteSidecar } from "../dapr/remote-sidecar.ts";
import {
  definePubSub,
  type PublishRequest,
  type PubSub,
  type PubSubDefinition,
  type Subscription,
} from "./pubsub.ts";

class DaprPubSub implements PubSub {
  readonly #remote: RemoteSidecar;
  readonly #offline: OfflineCalls | undefined;
  readonly #context: ComponentContext;

  constructor(remote: RemoteSidecar, offline: OfflineCalls | undefined, context: ComponentContext) {
    this.#remote = remote;
    this.#offline = offline;
    this.#context = context;
  }

  get facts(): ReadonlyMap<string, string> {
    return this.#offline?.facts ?? new Map();
  }

  async publish({ topic, data, contentType, metadata }: PublishRequest): Promise<void> {
    const request = {
      method: "POST",
      path: `/v1.0/publish/${this.#remote.component}/${encodeURIComponent(topic)}${metadataQuery(metadata)}`,
      // An envelope goes on as it is: the other sidecar adds its own names to it and no second one around it.
      headers: { "content-type": contentType ?? "" },
      body: data,
    } as const;
    if (this.#offline === undefined) await this.#remote.call(request);
    else await this.#offline.send({ ...request, requestId: undefined, writes: new Map() });
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

  async close(): Promise<void> {
    await this.#remote.close();
    await this.#offline?.close();
  }
}

/** `pubsub.dapr`; `queue` is where a host has one for what is published offline. */
export function daprPubSub(queue?: OpenQueue): PubSubDefinition {
  return definePubSub({
    type: "pubsub.dapr",
    version: "v1",
    summary:
      "Publishes through a pub/sub of another Dapr sidecar. Subscribing needs a relay or a broker that both reach.",
    metadata: { ...remoteMetadata, ...offlineMetadata },
    features: [],
    async open(metadata, context) {
      const remote = new RemoteSidecar(metadata, context);
      const offline = await OfflineCalls.open(metadata.offline, queue, remote, context);
      return new DaprPubSub(remote, offline, context);
    },
  });
}
