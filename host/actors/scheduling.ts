import type { Platform } from "../platform.ts";
import type { ActorMeter } from "../telemetry/metrics/meters.ts";
import type { ActorStore } from "./actor-store.ts";
import type { HostedActors } from "./hosted-actors.ts";
import { Reminders } from "./reminders/reminders.ts";
import { ActorTimers } from "./timers/actor-timers.ts";

/** What happens to the actors of one instance by the clock. */
export class Scheduling {
  readonly timers: ActorTimers;
  readonly #hosted: HostedActors;
  readonly #platform: Platform;
  readonly #prefix: string;
  readonly #meter: ActorMeter | undefined;
  #store: ActorStore | undefined;
  #reminders: Reminders | undefined;

  constructor(hosted: HostedActors, platform: Platform, prefix: string, meter: ActorMeter | undefined) {
    this.timers = new ActorTimers(hosted, platform, meter);
    this.#hosted = hosted;
    this.#platform = platform;
    this.#prefix = prefix;
    this.#meter = meter;
  }

  /** Undefined where no store keeps them. */
  get reminders(): Reminders | undefined {
    return this.#reminders;
  }

  /** These types are hosted, and that store keeps their reminders. Resolves once another one is not used any more. */
  async use(store: ActorStore | undefined, types: readonly string[]): Promise<void> {
    if (store !== this.#store) {
      const before = this.#reminders;
      this.#store = store;
      this.#reminders =
        store === undefined
          ? undefined
          : new Reminders({
              store,
              hosted: this.#hosted,
              platform: this.#platform,
              prefix: this.#prefix,
              meter: this.#meter,
            });
      await before?.stop();
    }
    this.#reminders?.start(types);
  }

  /** Owners within these types change, but for the actors that `keeps` names; see {@link Reminders.pause}. */
  async pause(types: ReadonlySet<string>, keeps: (type: string, id: string) => boolean): Promise<void> {
    await Promise.all([...types].map((type) => this.#reminders?.pause(type, (id) => keeps(type, id))));
  }

  /** The change is over. */
  changed(): void {
    this.#reminders?.changed();
  }

  async stop(): Promise<void> {
    this.timers.stop();
    await this.#reminders?.stop();
  }
}
