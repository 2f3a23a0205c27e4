import { reasonOf } from "../../errors/reason-of.ts";
import { type Platform, sleep } from "../../platform.ts";
import type { Follower, HostReport, Membership } from "./membership.ts";
import { PlacementLease } from "./placement-lease.ts";
import type { PlacementChannel, PlacementLink } from "./placement-link.ts";
import { phaseOf, type ToMember, toMember, unlock } from "./placement-messages.ts";
import { placementTimes } from "./placement-times.ts";
import { takeStep } from "./take-step.ts";

/** Between attempts, the first and the last. */
const pausesMs = [100, 5_000] as const;
/** Before it joins again where it was put out: not in the round that goes on without it, and ever less often. */
const outPausesMs = [2_000, 30_000] as const;
/** The part of the lease that a silent coordinator is left to itself, before another way to one is looked for. */
const patience = 0.5;
const silence = "nothing was heard of the coordinator for too long";

/**
 * A member of a coordinator's namespace, over whatever link: reports itself, takes its follower through the
 * coordinator's rounds, and pings. It keeps its lease over a lost connection, also when another coordinator answers
 * next; when the lease is over it has its follower halt the actors, and joins as a new incarnation of itself.
 */
export class PlacementClient implements Membership {
  readonly #link: PlacementLink;
  readonly #platform: Platform;
  readonly #lease: PlacementLease;
  readonly #key: string;
  readonly #left = new AbortController();
  #self: { readonly report: HostReport; readonly follower: Follower } | undefined;
  #pingMs = placementTimes.pingMs;
  #revision = 0;
  /** What the coordinator has confirmed; 0 while it has not answered on this channel. */
  #confirmed = 0;
  #incarnation = 1;
  #term: number | undefined;
  #seen = 0;
  #acknowledged = 0;
  /** The follower's calls, one after another. */
  #turn: Promise<void> = Promise.resolve();
  #channel: PlacementChannel | undefined;
  /** Of what is being opened or is open; what comes from an earlier one is passed over. */
  #opening: object | undefined;
  #heardAt = 0;
  /** True from the loss of its membership until it joins anew. */
  #out = false;
  #failures = 0;
  /** To speak to a coordinator, since one has answered. */
  #attempts = 0;
  #timers = new Map<string, () => void>();
  #waiters: { readonly revision: number; resolve(): void }[] = [];

  constructor(link: PlacementLink, platform: Platform) {
    this.#link = link;
    this.#platform = platform;
    this.#lease = new PlacementLease(platform.clock, placementTimes.leaseMs);
    this.#key = platform.uuid();
  }

  get name(): string {
    return this.#link.name;
  }

  get valid(): boolean {
    return this.#lease.leftMs > 0;
  }

  join(report: HostReport, follower: Follower): Promise<void> {
    this.#self = { report, follower };
    this.#open();
    this.#beat();
    return this.#reported();
  }

  report(types: readonly string[]): Promise<void> {
    if (this.#self === undefined) return Promise.resolve();
    const { report, follower } = this.#self;
    this.#self = { report: { ...report, types }, follower };
    const known = this.#reported();
    this.#say();
    return known;
  }

  #reported(): Promise<void> {
    const revision = ++this.#revision;
    return new Promise((resolve) => this.#waiters.push({ revision, resolve }));
  }

  rejoin(reason: string): void {
    if (this.#lease.held) this.#lose(reason);
  }

  async leave(): Promise<void> {
    if (this.#self === undefined) return;
    this.#self = undefined;
    this.#left.abort();
    this.#lease.end();
    for (const cancel of this.#timers.values()) cancel();
    this.#timers.clear();
    this.#channel?.send({ t: "leave", ...this.#address });
    this.#opening = undefined;
    this.#channel?.close();
    this.#channel = undefined;
    for (const { resolve } of this.#waiters.splice(0)) resolve();
  }

  get #address() {
    return { key: this.#key, incarnation: this.#incarnation };
  }

  /** One timer of each name. */
  #after(name: string, ms: number, task: () => void): void {
    this.#timers.get(name)?.();
    this.#timers.set(name, this.#platform.clock.after(ms, task));
  }

  /** Doubles with each failure in a row, and is between half of that and all of it. */
  #pause([first, last]: readonly [number, number] = pausesMs, failures = this.#failures++): number {
    const [chance = 0] = this.#platform.random(new Uint8Array(1));
    return Math.min(last, first * 2 ** Math.min(failures, 10)) * (0.5 + chance / 512);
  }

  #open(): void {
    const opening = {};
    this.#opening = opening;
    const current = () => this.#opening === opening;
    const events = {
      received: (message: unknown) => {
        if (current()) this.#receive(message);
      },
      closed: () => {
        if (current()) this.#reopen();
      },
    };
    this.#link.open(events).then(
      (channel) => {
        if (!current()) return channel.close();
        this.#channel = channel;
        this.#heardAt = this.#now;
        this.#say();
      },
      (error: unknown) => {
        if (!current()) return;
        const cause = reasonOf(error);
        this.#platform.log.warn("placement cannot be reached; it is tried again", { by: this.name, cause });
        this.#reopen();
      },
    );
  }

  #reopen(): void {
    this.#opening = undefined;
    this.#channel = undefined;
    this.#confirmed = 0;
    this.#after("open", this.#pause(pausesMs, this.#attempts++), () => this.#open());
  }

  get #now(): number {
    const { clock } = this.#platform;
    return clock.monotonic?.() ?? clock.now();
  }

  #beat(): void {
    this.#after("beat", this.#pingMs, () => this.#beat());
    if (this.#lease.held && !this.valid) this.#lose(silence);
    if (this.#channel === undefined) return;
    if (this.#now - this.#heardAt > this.#lease.ms * patience && !this.#out) {
      this.#channel.close();
      this.#reopen();
    } else this.#say();
  }

  /** How it stands with this member. */
  #say(): void {
    if (this.#self === undefined || this.#out || this.#channel === undefined) return;
    if (this.#confirmed === this.#revision) {
      const [seen, acknowledged] = [this.#seen, this.#acknowledged];
      this.#channel?.send({ t: "alive", ...this.#address, ping: this.#lease.ping(), seen, acknowledged });
      return;
    }
    const { name, types, address } = this.#self.report;
    const held = this.#lease.held ? this.#term : undefined;
    this.#channel?.send({
      t: "join",
      ...this.#address,
      ping: this.#lease.ping(),
      revision: this.#revision,
      name,
      types,
      ...(address !== undefined && { address }),
      ...(held !== undefined && { held }),
    });
  }

  #receive(data: unknown): void {
    const message = toMember(data);
    if (message?.key !== this.#key || message.incarnation !== this.#incarnation || this.#out) return;
    this.#heardAt = this.#now;
    if (this.#lease.held && !this.valid) this.#lose(silence);
    else if (message.t === "joined") this.#joined(message);
    else if (message.t === "out") this.#lose(message.reason);
    else if (this.#lease.held && message.t === "alive") this.#lease.renew(message.ping);
    else if (message.t === "step" && message.term === this.#term) this.#follow(message);
  }

  #joined({ ping, revision, term, leaseMs, pingMs }: ToMember & { t: "joined" }): void {
    this.#lease.ms = leaseMs;
    this.#pingMs = pingMs;
    if (!this.#lease.renew(ping)) return;
    this.#attempts = 0;
    this.#watchLease();
    if (term !== this.#term) {
      this.#term = term;
      this.#seen = 0;
      this.#acknowledged = 0;
    }
    this.#confirmed = Math.max(this.#confirmed, revision);
    const known = this.#waiters.filter((each) => each.revision <= revision);
    this.#waiters = this.#waiters.filter((each) => each.revision > revision);
    for (const { resolve } of known) resolve();
  }

  #watchLease(): void {
    this.#after("lease", Math.ceil(this.#lease.leftMs), () => {
      if (this.valid) this.#watchLease();
      else this.#lose(silence);
    });
  }

  #follow(message: ToMember & { t: "step" }): void {
    const { step, term, incarnation } = message;
    const { follower } = this.#self ?? {};
    if (follower === undefined || step <= this.#seen) return;
    this.#seen = step;
    const current = () =>
      this.#incarnation === incarnation && this.#term === term && this.#self !== undefined;
    this.#turn = this.#turn.then(async () => {
      // What came meanwhile stands in its place.
      if (!current() || this.#seen !== step || !this.valid) return;
      try {
        await takeStep(follower, message);
      } catch (error) {
        if (current()) this.#lose(`it could not follow a change: ${reasonOf(error)}`);
        return;
      }
      if (!current()) return;
      this.#acknowledged = Math.max(this.#acknowledged, step);
      if (phaseOf(step) === unlock) this.#failures = 0;
      this.#say();
    });
  }

  /** It is no member any more: halts, and joins anew. */
  #lose(reason: string): void {
    const { held } = this.#lease;
    const before = this.#address;
    const pause = this.#pause(reason === silence ? pausesMs : outPausesMs);
    this.#lease.end();
    this.#timers.get("lease")?.();
    this.#incarnation++;
    this.#term = undefined;
    this.#seen = 0;
    this.#acknowledged = 0;
    this.#confirmed = 0;
    this.#out = true;
    // What it was doing may never end.
    this.#turn = Promise.resolve();
    this.#platform.log.warn("this instance is out of placement; it joins again", { by: this.name, reason });
    const halted = held
      ? this.#halt().then(() => this.#channel?.send({ t: "leave", ...before }))
      : Promise.resolve();
    halted
      .then(() => sleep(this.#platform.clock, pause, this.#left.signal))
      .then(
        () => {
          this.#out = false;
          this.#heardAt = this.#now;
          this.#say();
        },
        () => undefined,
      );
  }

  /** Until it succeeds: no actor may be at work when this instance joins again. */
  async #halt(): Promise<void> {
    const { clock, log } = this.#platform;
    for (;;) {
      try {
        await this.#self?.follower.lost();
        return;
      } catch (error) {
        log.error("actors could not be halted; it is tried again", { cause: reasonOf(error) });
        await sleep(clock, this.#pause(), this.#left.signal);
      }
    }
  }
}
