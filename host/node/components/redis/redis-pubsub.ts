import type { ComponentContext, Durability } from "../../../components/component.ts";
import { optionsFor } from "../../../components/pubsub/delivery-metadata.ts";
import type {
  MessageHandler,
  PublishRequest,
  PubSub,
  SubscribeRequest,
  Subscription,
} from "../../../components/pubsub/pubsub.ts";
import { ComponentError } from "../../../errors/component-error.ts";
import type { RedisClient, RedisScript } from "./redis-client.ts";
import { eventFields } from "./streams/stream-event.ts";
import { type GroupScripts, groupScripts, StreamGroup } from "./streams/stream-group.ts";
import { publishOnce } from "./streams/stream-scripts.ts";
import { StreamSubscription, type StreamSubscriptionOptions } from "./streams/stream-subscription.ts";

/** How long a request id is remembered, in seconds. */
const outcomeTtl = 600;

export interface Trimming {
  /** Entries a stream is cut to; 0: never. */
  readonly maxLenApprox: number;
  /** Age in milliseconds at which entries go; 0: never. */
  readonly streamTTL: number;
}

/** Topics as Redis streams and apps as their consumer groups, laid out as daprd lays them out. */
export class RedisPubSub implements PubSub {
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
