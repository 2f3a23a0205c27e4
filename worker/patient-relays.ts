import type { PlacementLink } from "../host/actors/placement/placement-link.ts";
import type { DeliveryOptions } from "../host/components/pubsub/delivery-metadata.ts";
import type {
  MessageHandler,
  PublishRequest,
  SubscribeRequest,
  Subscription,
} from "../host/components/pubsub/pubsub.ts";
import { ComponentError } from "../host/errors/component-error.ts";
import { reasonOf } from "../host/errors/reason-of.ts";
import { BackgroundRelay } from "../host/mesh/background-relay.ts";
import type { RelayConnection, RelayConnections, RelayOptions } from "../host/mesh/relay-connection.ts";
import type { Transport } from "../host/mesh/transport.ts";
import { type Platform, sleep, withTimeout } from "../host/platform.ts";

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15_000;
/** How long a publish waits for a relay that is away. */
const PUBLISH_MS = 5000;

/**
 * Relays for the runtime of a page, which has to start without them too: opening does not wait for the relay, and
 * one that is away is tried again and again. Until it is there, publishing fails after some seconds, and subscriptions
 * wait.
 */
export class PatientRelays implements RelayConnections {
  readonly #relays: RelayConnections;
  readonly #platform: Platform;
  readonly #transports = new Map<string, BackgroundRelay>();

  constructor(relays: RelayConnections, platform: Platform) {
    this.#relays = relays;
    this.#platform = platform;
  }

  async open(options: RelayOptions): Promise<RelayConnection> {
    return new PatientConnection(options, this.transport(options), this.#relays, this.#platform);
  }

  /** The way to other instances through a relay; the same one for the same options. */
  transport(options: RelayOptions): BackgroundRelay {
    const { url, room, token, appId, namespace } = options;
    const key = JSON.stringify([url, room, token, appId, namespace]);
    let transport = this.#transports.get(key);
    if (transport === undefined) {
      transport = new BackgroundRelay(options, this.#relays, this.#platform);
      this.#transports.set(key, transport);
    }
    return transport;
  }
}

class PatientConnection implements RelayConnection {
  readonly transport: Transport;
  readonly placement: PlacementLink;
  readonly #options: RelayOptions;
  readonly #platform: Platform;
  readonly #stop = new AbortController();
  readonly #connected: Promise<RelayConnection>;
  #connection: RelayConnection | undefined;
  #cause = "it has not answered yet";

  constructor(
    options: RelayOptions,
    transport: BackgroundRelay,
    relays: RelayConnections,
    platform: Platform,
  ) {
    this.#options = options;
    this.transport = transport;
    this.placement = transport.placement;
    this.#platform = platform;
    this.#connected = this.#connect(relays);
    this.#connected.catch(() => undefined);
  }

  async publish(request: PublishRequest): Promise<void> {
    const late = () =>
      new ComponentError(
        "UNAVAILABLE",
        `the relay ${this.#options.url} is away (${this.#cause}): the event was not published; retry`,
      );
    const { clock } = this.#platform;
    const connection = this.#connection ?? (await withTimeout(clock, PUBLISH_MS, this.#connected, late));
    await connection.publish(request);
  }

  async subscribe(
    request: SubscribeRequest,
    handler: MessageHandler,
    options: DeliveryOptions,
  ): Promise<Subscription> {
    let closed = false;
    let subscription: Subscription | undefined;
    const subscribe = async () => {
      const connection = await this.#connected;
      if (closed) return;
      subscription = await connection.subscribe(request, handler, options);
      if (closed) await subscription.close();
    };
    subscribe().catch((error: unknown) => {
      if (closed || this.#stop.signal.aborted) return;
      this.#platform.log.error(`no subscription to ${request.topic} at the relay ${this.#options.url}`, {
        cause: reasonOf(error),
      });
    });
    return {
      close: async () => {
        closed = true;
        await subscription?.close();
      },
    };
  }

  async release(): Promise<void> {
    this.#stop.abort();
    await this.#connection?.release();
  }

  async #connect(relays: RelayConnections): Promise<RelayConnection> {
    const { signal } = this.#stop;
    const { clock, log } = this.#platform;
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
      signal.throwIfAborted();
      try {
        const connection = await relays.open(this.#options);
        if (signal.aborted) await connection.release();
        this.#connection = connection;
        return connection;
      } catch (error) {
        this.#cause = reasonOf(error);
        log.warn(`the relay ${this.#options.url} cannot be joined yet; it is tried again`, {
          cause: this.#cause,
        });
        await sleep(clock, pause, signal);
      }
    }
  }
}
