import type { ComponentContext, Durability } from "../../components/component.ts";
import { integer, milliseconds } from "../../components/metadata-schema.ts";
import { deliveryMetadata, deliveryOptions, optionsFor } from "../../components/pubsub/delivery-metadata.ts";
import {
  definePubSub,
  type MessageHandler,
  type PublishRequest,
  type PubSub,
  type SubscribeRequest,
  type Subscription,
} from "../../components/pubsub/pubsub.ts";
import { ComponentError } from "../../errors/component-error.ts";
import { durabilityOf } from "./redis/durability.ts";
import { openRedis, type RedisClient, type RedisScript } from "./redis/redis-client.ts";
import { redisMetadata } from "./redis/redis-metadata.ts";
import { eventFields } from "./redis/streams/stream-event.ts";
import { type GroupScripts, groupScripts, StreamGroup } from "./redis/streams/stream-group.ts";
import { publishOnce } from "./redis/streams/stream-scripts.ts";
import { StreamSubscription, type StreamSubscriptionOptions } from "./redis/streams/stream-subscription.ts";

/** How long a request id is remembered, in seconds. */
const outcomeTtl = 600;

export interface Trimming {
  /** Entries a stream is cut to; 0: never. */
  readonly maxLenApprox: number;
  /** Age in milliseconds at which entries go; 0: never. */
  readonly streamTTL: number;
}

/** Topics as Redis streams and apps as their consumer groups, laid out as daprd lays them out. */
class RedisPubSub implements PubSub {
  readonly #commands: RedisClient;
  readonly #options: StreamSubscriptionOptions;
  readonly #trimming: Trimming;
  readonly #context: ComponentContext;
  readonly #publishOnce: RedisScript;
  readonly #scripts: GroupScripts;
  readonly #subscriptions = new Set<Subscription>();
  #closed: Promise<void> | undefined;

  constructor(
    readonly durability: Durability,
    commands: RedisClient,
    options: StreamSubscriptionOptions,
    trimming: Trimming,
    context: ComponentContext,
  ) {
    this.#commands = commands;
    this.#options = options;
    this.#trimming = trimming;
    this.#context = context;
    this.#publishOnce = commands.script(publishOnce);
    this.#scripts = groupScripts(commands);
  }

  async publish(request: PublishRequest): Promise<void> {
    this.#ensureOpen();
    const { topic, requestId } = request;
    const entry = [...this.#trim(), "*", ...eventFields(request)];
    if (requestId === undefined) await this.#commands.call("XADD", topic, entry);
    else {
      const outcome = `||daprlet||published||${JSON.stringify([topic, requestId])}`;
      await this.#publishOnce([topic, outcome], [outcomeTtl, ...entry]);
    }
  }

  async subscribe(request: SubscribeRequest, handler: MessageHandler): Promise<Subscription> {
    this.#ensureOpen();
    const { topic, consumerId } = request;
    const { platform, log } = this.#context;
    const group = new StreamGroup(topic, consumerId, platform.uuid(), this.#commands, this.#scripts);
    await group.create();
    const reader = await this.#commands.another({ waits: true });
    if (this.#closed !== undefined) {
      await reader.close();
      this.#ensureOpen();
    }
    const options = { ...this.#options, delivery: optionsFor(request, this.#options.delivery) };
    const subscription = new StreamSubscription(group, reader, handler, options, platform, log);
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
      await this.#commands.close();
    })();
    return this.#closed;
  }

  #trim(): readonly (string | number)[] {
    const { maxLenApprox, streamTTL } = this.#trimming;
    if (maxLenApprox > 0) return ["MAXLEN", "~", maxLenApprox];
    if (streamTTL > 0) return ["MINID", "~", this.#context.platform.clock.now() - streamTTL];
    return [];
  }

  #ensureOpen(): void {
    if (this.#closed === undefined) return;
    throw new ComponentError("UNAVAILABLE", `pub/sub ${this.#context.name} is closed; open it again`);
  }
}

const longestBackOffMs = 30_000;

export const redisPubSub = definePubSub({
  type: "pubsub.redis",
  version: "v1",
  summary:
    "Streams of a Redis server, shared with daprd; as durable as the server is. An app gets what is in a stream when it subscribes for the first time.",
  metadata: {
    ...redisMetadata,
    concurrency: deliveryMetadata.concurrency,
    redeliverInterval: milliseconds(deliveryMetadata.redeliverInterval.description, 1_000),
    maxRedeliverInterval: milliseconds(
      `${deliveryMetadata.maxRedeliverInterval.description} 30s, or redeliverInterval where that is more.`,
    ),
    processingTimeout: milliseconds(
      "After so long without a sign of life from an instance, others claim the events it had in hand.",
      60_000,
    ),
    queueDepth: integer("Most events of a subscription in memory, and most that fail and wait there.", 100),
    maxLenApprox: integer("About how many events a topic keeps; the oldest go, consumed or not. 0: all.", 0),
    streamTTL: milliseconds("About how long a topic keeps events, consumed or not. 0: for ever.", 0),
  },
  features: ["DURABLE", "OUTCOME"],
  async open(metadata, context) {
    const { name, log } = context;
    const refuse = (field: string, expected: string) => {
      throw new ComponentError(
        "INVALID_ARGUMENT",
        `component ${name}: metadata field ${field}: expected ${expected}`,
      );
    };
    if (metadata.queueDepth < 1) refuse("queueDepth", "a number of at least 1");
    let { redeliverInterval, processingTimeout } = metadata;
    // In Dapr either of them at 0 gives up what failed, and what an instance had in hand when it died.
    if (redeliverInterval === 0 || processingTimeout === 0) {
      log.warn(
        "redeliverInterval and processingTimeout of 0 are not followed: no event is given up for them",
      );
      redeliverInterval ||= 1_000;
      processingTimeout ||= 60_000;
    }
    if (processingTimeout < 0) refuse("processingTimeout", "a duration above zero");
    const { maxRedeliverInterval = Math.max(longestBackOffMs, redeliverInterval) } = metadata;
    const { concurrency, queueDepth, maxLenApprox, streamTTL, readTimeout } = metadata;
    const options: StreamSubscriptionOptions = {
      delivery: deliveryOptions(name, { concurrency, redeliverInterval, maxRedeliverInterval }),
      queueDepth,
      processingTimeoutMs: processingTimeout,
      // A read that waits must notice a dead server all the same.
      patienceMs: readTimeout > 0 ? readTimeout : 60_000,
    };
    if (maxLenApprox > 0 && streamTTL > 0)
      log.warn("maxLenApprox and streamTTL exclude each other: streamTTL is not followed");
    const commands = await openRedis(metadata, context);
    return new RedisPubSub(
      await durabilityOf(commands),
      commands,
      options,
      { maxLenApprox, streamTTL },
      context,
    );
  },
});
