import { backOffMs } from "../../components/pubsub/back-off.ts";
import { reasonOf } from "../../errors/reason-of.ts";
import type { Platform } from "../../platform.ts";
import type { Follower, HostReport, Membership } from "./membership.ts";

const again = { initialMs: 200, maxMs: 10_000 };
/** How long it leaves its actors to another one that has taken them over. Milliseconds. */
const awayMs = 5_000;

/**
 * The membership of an instance that nobody else can know of: it owns whatever it hosts, from the start. What it cannot
 * follow, since the store does not answer, is tried again and again.
 */
export class SoloMembership implements Membership {
  readonly name = "this process";
  readonly valid = true;
  readonly #platform: Platform;
  #self: HostReport | undefined;
  #follower: Follower | undefined;
  #types: readonly string[] = [];
  #version = 0;
  #failures = 0;
  #turn: Promise<void> = Promise.resolve();
  #cancelNext: (() => void) | undefined;

  constructor(platform: Platform) {
    this.#platform = platform;
  }

  join(report: HostReport, follower: Follower): Promise<void> {
    this.#self = report;
    this.#follower = follower;
    return this.report(report.types);
  }

  report(types: readonly string[]): Promise<void> {
    this.#types = types;
    return this.#next();
  }

  rejoin(reason: string): void {
    const { log } = this.#platform;
    log.error(
      "this instance's actors are halted for a while; if another process hosts them in the same store, give both one placement: a relay, or one machine's folder",
      { reason },
    );
    this.#turn = this.#turn
      .then(() => this.#follower?.lost())
      .catch((error: unknown) => log.error("actors could not be halted", { cause: reasonOf(error) }));
    this.#after(awayMs);
  }

  async leave(): Promise<void> {
    this.#follower = undefined;
    this.#cancelNext?.();
    await this.#turn;
  }

  #after(ms: number): void {
    this.#cancelNext?.();
    this.#cancelNext = this.#platform.clock.after(ms, () => void this.#next());
  }

  #next(): Promise<void> {
    this.#cancelNext?.();
    const version = ++this.#version;
    this.#turn = this.#turn.then(() => this.#round(version));
    return this.#turn;
  }

  async #round(version: number): Promise<void> {
    const follower = this.#follower;
    if (follower === undefined || this.#self === undefined) return;
    const { name, appId } = this.#self;
    const types = new Map(this.#types.map((type) => [type, [{ name, appId }]]));
    try {
      await follower.lock(version);
      await follower.update({ version, term: 0, types });
      await follower.unlock(version);
      this.#failures = 0;
    } catch (error) {
      const cause = reasonOf(error);
      this.#platform.log.error("actors cannot be hosted yet; it is tried again", { cause });
      if (this.#follower === follower) this.#after(backOffMs(again, ++this.#failures, this.#platform));
    }
  }
}
