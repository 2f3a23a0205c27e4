import type { PlacementLink } from "../actors/placement/placement-link.ts";
import { reasonOf } from "../errors/reason-of.ts";
import { type Platform, sleep } from "../platform.ts";
import type { RelayConnection, RelayConnections, RelayOptions } from "./relay-connection.ts";
import type { Instance, Member, Receiver, Transport } from "./transport.ts";

const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 30_000;
/** How long a first lookup waits for a relay that is just being joined. */
const FIRST_JOIN_MS = 1000;

/**
 * The way through a relay for a sidecar that has to work without it too: joining does not wait for the relay, and one
 * that is away is tried again and again.
 */
export class BackgroundRelay implements Transport {
  readonly name: string;
  readonly #options: RelayOptions;
  readonly #relays: RelayConnections;
  readonly #platform: Platform;
  readonly #stop = new AbortController();
  #connection: RelayConnection | undefined;
  /** Pending while the first attempt to join runs. */
  #first: Promise<void> | undefined;

  constructor(options: RelayOptions, relays: RelayConnections, platform: Platform) {
    this.name = `relay ${options.url}`;
    this.#options = options;
    this.#relays = relays;
    this.#platform = platform;
  }

  /** The way to the coordinator in the relay, once it has been joined. */
  get placement(): PlacementLink {
    return {
      name: this.name,
      open: async (events) => {
        if (this.#connection === undefined) await this.#first;
        if (this.#connection === undefined) throw new Error(`${this.name} has not been joined yet`);
        return await this.#connection.placement.open(events);
      },
    };
  }

  async join(self: Member, receive: Receiver): Promise<void> {
    let tried: () => void = () => undefined;
    const attempt = new Promise<void>((resolve) => {
      tried = resolve;
    });
    this.#first = Promise.race([
      attempt,
      sleep(this.#platform.clock, FIRST_JOIN_MS, this.#stop.signal),
    ]).catch(() => undefined);
    void this.#join(self, receive, tried).catch(() => undefined);
  }

  async instances(appId: string, namespace: string): Promise<readonly Instance[]> {
    if (this.#connection === undefined) await this.#first;
    return (await this.#connection?.transport.instances(appId, namespace)) ?? [];
  }

  suspect(instance: Instance): void {
    this.#connection?.transport.suspect(instance);
  }

  async close(): Promise<void> {
    this.#stop.abort();
    const connection = this.#connection;
    this.#connection = undefined;
    await connection?.transport.close();
    await connection?.release();
  }

  async #join(self: Member, receive: Receiver, tried: () => void): Promise<void> {
    const { clock, log } = this.#platform;
    const { signal } = this.#stop;
    for (let pause = FIRST_PAUSE_MS; !signal.aborted; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
      try {
        const connection = await this.#relays.open(this.#options);
        await connection.transport.join(self, receive);
        if (!signal.aborted) {
          this.#connection = connection;
          tried();
          return;
        }
        await connection.transport.close();
        await connection.release();
      } catch (error) {
        tried();
        log.warn(`${this.name} cannot be joined yet; it is tried again`, {
          app: self.appId,
          cause: reasonOf(error),
        });
        await sleep(clock, pause, signal);
      }
    }
  }
}
