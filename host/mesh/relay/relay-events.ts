import type { DeliveryOptions } from "../../components/pubsub/delivery-metadata.ts";
import type {
  Message,
  PublishRequest,
  SubscribeRequest,
  Subscription,
} from "../../components/pubsub/event.ts";
import type { FrameOf } from "../relay-protocol.ts";
import type { RelayLink } from "./relay-link.ts";

interface Subscribed {
  readonly request: SubscribeRequest;
  readonly handler: (message: Message) => Promise<void>;
  readonly options: DeliveryOptions;
  closing: boolean;
  underWay: number;
  idle: (() => void) | undefined;
}

/** Settled deliveries whose answers the relay may not have got. */
const rememberedSettled = 2_000;

function flat(metadata: ReadonlyMap<string, string>): string[] {
  const texts: string[] = [];
  for (const [name, value] of metadata) texts.push(name, value);
  return texts;
}

function mapOf(texts: readonly string[]): ReadonlyMap<string, string> {
  const map = new Map<string, string>();
  for (let i = 0; i < texts.length; i += 2) map.set(texts[i] as string, texts[i + 1] as string);
  return map;
}

/** A member's publishing and subscribing. */
export class RelayEvents {
  readonly #subscriptions = new Map<number, Subscribed>();
  /** Deliveries of this session that are with a handler, and those that were: `true` for consumed. */
  #handling = new Set<number>();
  #settled = new Map<number, boolean>();
  #numbers = 0;
  #published = 0;

  constructor(
    readonly link: () => RelayLink,
    /** Tells this process's publishes from all others'. */
    readonly nonce: string,
  ) {}

  publish({ topic, data, contentType, metadata, requestId }: PublishRequest): Promise<void> {
    const key = requestId === undefined ? `p/${this.nonce}/${++this.#published}` : `r/${requestId}`;
    const type = contentType === undefined ? {} : { type: contentType };
    return this.link().request({ t: "publish", key, topic, metadata: flat(metadata), ...type }, data);
  }

  async subscribe(
    request: SubscribeRequest,
    handler: Subscribed["handler"],
    options: DeliveryOptions,
  ): Promise<Subscription> {
    const number = ++this.#numbers;
    const subscribed: Subscribed = {
      request,
      handler,
      options,
      closing: false,
      underWay: 0,
      idle: undefined,
    };
    this.#subscriptions.set(number, subscribed);
    try {
      await this.#announce(number, subscribed);
    } catch (error) {
      this.#subscriptions.delete(number);
      throw error;
    }
    let closed: Promise<void> | undefined;
    return {
      close: () => {
        closed ??= this.#close(number, subscribed);
        return closed;
      },
    };
  }

  #announce(subscription: number, { request, options }: Subscribed): Promise<void> {
    const { initialMs, maxMs } = options.backOff;
    return this.link().request({
      t: "subscribe",
      subscription,
      topic: request.topic,
      consumer: request.consumerId,
      concurrency: options.concurrency,
      redeliverMs: Math.round(initialMs),
      maxRedeliverMs: Math.round(maxMs),
    });
  }

  async #close(number: number, subscribed: Subscribed): Promise<void> {
    subscribed.closing = true;
    // Where the relay is away it learns of it by the session's end.
    const told = this.link()
      .request({ t: "unsubscribe", subscription: number })
      .catch(() => undefined);
    if (subscribed.underWay > 0) {
      await new Promise<void>((resolve) => {
        subscribed.idle = resolve;
      });
    }
    await told;
    this.#subscriptions.delete(number);
  }

  /** Connected again. A session of its own numbers its deliveries anew. */
  welcomed(resumed: boolean): void {
    if (resumed) return;
    this.#handling = new Set();
    this.#settled = new Map();
    for (const [number, subscribed] of this.#subscriptions) {
      // One that is still being asked for is sent again by the link itself; the relay takes the second for the first.
      if (!subscribed.closing) this.#announce(number, subscribed).catch(() => undefined);
    }
  }

  delivered(frame: FrameOf<"deliver">, data: Uint8Array): void {
    const { delivery, subscription: number } = frame;
    if (this.#handling.has(delivery)) return;
    const settled = this.#settled.get(delivery);
    if (settled !== undefined) {
      this.#tell(delivery, settled);
      return;
    }
    const subscribed = this.#subscriptions.get(number);
    if (subscribed === undefined || subscribed.closing) {
      this.#tell(delivery, false);
      return;
    }
    const session = this.#handling;
    session.add(delivery);
    subscribed.underWay++;
    const { topic, type: contentType, metadata, attempt } = frame;
    const message: Message = { topic, data, contentType, metadata: mapOf(metadata), attempt };
    this.#handle(subscribed, message).then((consumed) => {
      subscribed.underWay--;
      // A delivery of a session that is over has been given to somebody by now: its number means another one.
      if (session === this.#handling) {
        session.delete(delivery);
        this.#remember(delivery, consumed);
        this.#tell(delivery, consumed);
      }
      if (subscribed.underWay === 0) subscribed.idle?.();
    });
  }

  async #handle({ handler }: Subscribed, message: Message): Promise<boolean> {
    try {
      await handler(message);
      return true;
    } catch {
      return false;
    }
  }

  #remember(delivery: number, consumed: boolean): void {
    this.#settled.set(delivery, consumed);
    if (this.#settled.size <= rememberedSettled) return;
    const [oldest] = this.#settled.keys();
    if (oldest !== undefined) this.#settled.delete(oldest);
  }

  #tell(delivery: number, consumed: boolean): void {
    this.link().send({ t: consumed ? "consumed" : "rejected", delivery });
  }
}
