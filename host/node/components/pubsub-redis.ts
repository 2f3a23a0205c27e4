import { integer, milliseconds } from "../../components/metadata-schema.ts";
import { deliveryMetadata, deliveryOptions } from "../../components/pubsub/delivery-metadata.ts";
import { definePubSub } from "../../components/pubsub/pubsub.ts";
import { ComponentError } from "../../errors/component-error.ts";
import { redisMetadata } from "./redis/redis-metadata.ts";
import type { StreamSubscriptionOptions } from "./redis/streams/stream-subscription.ts";

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
    const [{ openRedis }, { durabilityOf }, { RedisPubSub }] = await Promise.all([
      import("./redis/redis-client.ts"),
      import("./redis/durability.ts"),
      import("./redis/redis-pubsub.ts"),
    ]);
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
