import { OfflineCalls } from "../dapr/offline-calls.ts";
import type { OpenQueue } from "../dapr/offline-queue.ts";
import { metadataQuery } from "../dapr/remote-json.ts";
import { offlineMetadata, positive, remoteMetadata } from "../dapr/remote-metadata.ts";
import { RemoteSidecar } from "../dapr/remote-sidecar.ts";
import { RemoteTopics } from "../dapr/remote-topics.ts";
import { duration } from "../metadata-schema.ts";
import {
  definePubSub,
  type MessageHandler,
  type PublishRequest,
  type PubSub,
  type PubSubDefinition,
  type SubscribeRequest,
  type Subscription,
} from "./pubsub.ts";

const ACK_TIMEOUT_MS = 60_000;

class DaprPubSub implements PubSub {
  readonly #remote: RemoteSidecar;
  readonly #offline: OfflineCalls | undefined;
  readonly #newTopics: () => RemoteTopics;
  /** The first has nearly all; another one has topics that are subscribed to a second time. */
  readonly #topics: RemoteTopics[] = [];

  constructor(remote: RemoteSidecar, offline: OfflineCalls | undefined, newTopics: () => RemoteTopics) {
    this.#remote = remote;
    this.#offline = offline;
    this.#newTopics = newTopics;
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

  subscribe(request: SubscribeRequest, handler: MessageHandler): Promise<Subscription> {
    let topics = this.#topics.find((one) => !one.has(request.topic));
    if (topics === undefined) {
      topics = this.#newTopics();
      this.#topics.push(topics);
    }
    return topics.subscribe(request, handler);
  }

  async close(): Promise<void> {
    await Promise.all(this.#topics.map((topics) => topics.close()));
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
      "A pub/sub of another Dapr sidecar. Subscribing needs a daprlet there: daprd takes events over HTTP and hands them to its own app alone. What is kept for an app that is away, is that pub/sub's affair: not durable by itself.",
    metadata: {
      ...remoteMetadata,
      ...offlineMetadata,
      ackTimeout: duration(
        "How long the app may have an event before it is delivered again.",
        ACK_TIMEOUT_MS,
      ),
    },
    features: ["SUBSCRIBE_WILDCARDS"],
    async open(metadata, context) {
      const remote = new RemoteSidecar(metadata, context);
      const offline = await OfflineCalls.open(metadata.offline, queue, remote, context);
      const ackTimeoutMs = positive(context.name, "ackTimeout", metadata.ackTimeout);
      return new DaprPubSub(remote, offline, () => new RemoteTopics(remote, ackTimeoutMs, context));
    },
  });
}
