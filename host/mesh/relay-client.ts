import { ComponentError } from "../errors/component-error.ts";
import type { Platform } from "../platform.ts";
import { CallExchange } from "./call-exchange.ts";
import { PlacementChannels } from "./relay/placement-channels.ts";
import { RelayEvents } from "./relay/relay-events.ts";
import { RelayLink } from "./relay/relay-link.ts";
import { RelayTransport } from "./relay/relay-transport.ts";
import type { RelayConnection, RelayConnections, RelayOptions } from "./relay-connection.ts";
import type { Frame } from "./relay-protocol.ts";

/** One session, shared by all who opened it with the same options. */
class SharedConnection {
  readonly events: RelayEvents;
  readonly transport: RelayTransport;
  readonly placement: PlacementChannels;
  readonly opened: Promise<void>;
  readonly #link: RelayLink;
  uses = 0;

  constructor(platform: Platform, options: RelayOptions) {
    const link = () => this.#link;
    const exchange = new CallExchange(link, platform.log);
    this.events = new RelayEvents(link, platform.uuid());
    this.transport = new RelayTransport(`relay ${options.url}`, link, exchange, platform.clock);
    this.placement = new PlacementChannels(this.transport.name, link, () => this.transport.joined);
    this.#link = new RelayLink(platform, options, {
      welcomed: (resumed) => {
        this.events.welcomed(resumed);
        this.transport.welcomed(resumed);
      },
      lost: () => {
        this.transport.lost();
        exchange.lost();
        this.placement.lost();
      },
      received: (frame, body) => this.#received(frame, body, exchange),
    });
    this.opened = this.#link.open();
  }

  #received(frame: Frame, body: Uint8Array, exchange: CallExchange): void {
    if (frame.t === "deliver") this.events.delivered(frame, body);
    else if (frame.t === "presence") this.transport.presence(frame);
    else if (frame.t === "placement") this.placement.received(body);
    else if ("call" in frame) exchange.received(frame, body);
  }

  close(): void {
    this.#link.close();
  }
}

function validUrl(url: string): void {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    throw new ComponentError(
      "INVALID_ARGUMENT",
      "the relay's url is not a URL; expected one such as ws://127.0.0.1:3499",
    );
  }
  const { protocol: scheme, username, password } = parsed;
  if (username !== "" || password !== "") {
    // The address stands in messages and logs.
    throw new ComponentError(
      "INVALID_ARGUMENT",
      "the relay's url has no room for credentials; give them as token",
    );
  }
  if (scheme !== "ws:" && scheme !== "wss:") {
    throw new ComponentError(
      "INVALID_ARGUMENT",
      `the relay's url begins with ws:// or wss://, not with ${scheme}//`,
    );
  }
}

/** A member's connections to relays, over the platform's sockets. */
export class RelayClient implements RelayConnections {
  readonly #platform: Platform;
  readonly #shared = new Map<string, SharedConnection>();

  constructor(platform: Platform) {
    this.#platform = platform;
  }

  async open(options: RelayOptions): Promise<RelayConnection> {
    validUrl(options.url);
    const { url, room, token, appId, namespace } = options;
    const key = JSON.stringify([url, room, token, appId, namespace]);
    let shared = this.#shared.get(key);
    if (shared === undefined) {
      shared = new SharedConnection(this.#platform, options);
      this.#shared.set(key, shared);
    }
    const { events, transport, placement } = shared;
    const connection = shared;
    connection.uses++;
    let released = false;
    const release = async () => {
      if (released) return;
      released = true;
      if (--connection.uses > 0) return;
      this.#shared.delete(key);
      connection.close();
    };
    try {
      await connection.opened;
    } catch (error) {
      await release();
      throw error;
    }
    return {
      transport,
      placement,
      publish: (request) => events.publish(request),
      subscribe: (request, handler, delivery) => events.subscribe(request, handler, delivery),
      release,
    };
  }
}
