import type { Clock, Log } from "../../platform.ts";
import { Latecomers } from "./latecomers.ts";
import type { PlacementScheme } from "./membership.ts";
import { type FromMember, fromMember } from "./placement-messages.ts";
import { PlacementRoster } from "./placement-roster.ts";
import { PlacementRounds } from "./placement-rounds.ts";
import type { PlacementSeat, PlacementSender } from "./placement-seat.ts";
import { type PlacementState, placementScheme } from "./placement-state.ts";
import { type PlacementTimes, placementTimes } from "./placement-times.ts";

export interface PlacementServiceOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly namespace: string;
  /** A whole number, greater than that of every coordinator before. */
  readonly term: number;
  /**
   * How long members of a coordinator before this one may be at work without this one's knowledge: as long as take-over
   * takes, counted from when that one had surely ended. 0 where there was none.
   */
  readonly unknownMs: number;
  readonly times?: PlacementTimes;
  readonly scheme?: PlacementScheme | undefined;
}

/** Put out, and maybe at work until its lease is over. */
interface Ghost {
  readonly incarnation: number;
  readonly until: number;
}

const sweepMs = 250;
/** So many sweeps late, it was the coordinator that stood still: what members said meanwhile is heard first. */
const stoodStill = 4;

/**
 * The coordinator of one namespace: who hosts what, and that all change from one table to the next so that no actor
 * ever has two owners. It is driven by a clock and by the messages that it is handed.
 *
 * A round takes the members through `lock`, `update` and `unlock` of one version, each phase when all have
 * acknowledged the one before. In `update` a member stops what is not its own any more, in `unlock` it begins what is
 * new, so nobody begins before everybody has stopped. Who hosts nothing has nothing to stop: it follows at its own
 * pace. Who is late is put out, and the round begins anew without it.
 *
 * A table without a member is handed out only when that member has surely stopped: because it said so, or because its
 * lease is over. A lease is counted on the member's clock from when it sent a ping that was answered; this side counts
 * from when it heard the last ping that it answered, which is later, and waits longer. So it is sound whatever is
 * lost, late, or stands still, as long as clocks run about equally fast. A coordinator that follows another one knows
 * nothing of those to which the other gave leases: it hands out no table before these are over, and who joins it goes
 * on working by the table that it has.
 */
export class PlacementService {
  readonly #options: PlacementServiceOptions;
  readonly #times: PlacementTimes;
  readonly #roster: PlacementRoster;
  readonly #ghosts = new Map<string, Ghost>();
  readonly #rounds: PlacementRounds;
  readonly #latecomers: Latecomers;
  #unknownUntil: number;
  #sweptAt = 0;
  #cancelSweep: (() => void) | undefined;

  constructor(options: PlacementServiceOptions) {
    this.#options = options;
    this.#roster = new PlacementRoster(options.scheme);
    this.#times = options.times ?? placementTimes;
    this.#latecomers = new Latecomers(this.#times.phaseMs);
    this.#unknownUntil = options.unknownMs > 0 ? this.#now + options.unknownMs : Number.NEGATIVE_INFINITY;
    this.#rounds = new PlacementRounds({
      roster: this.#roster,
      term: options.term,
      phaseMs: this.#times.phaseMs,
      now: () => this.#now,
      shut: () => this.#unknown || this.#ghosts.size > 0,
      gathering: () => this.#unknown,
    });
  }

  /** True when it has no members and waits for nobody's lease: another one may follow without waiting. */
  get idle(): boolean {
    return this.#roster.size === 0 && this.#ghosts.size === 0;
  }

  /** The round under way. */
  get round(): { readonly version: number; readonly phase: number } | undefined {
    const { version, phase } = this.#rounds;
    return phase === undefined ? undefined : { version, phase };
  }

  state(): PlacementState {
    const { namespace } = this.#options;
    const hosts = [...this.#roster].filter(({ types }) => types.length > 0);
    return {
      hostList: hosts.map(({ name, appId, address, types, updatedAt }) => ({
        name,
        namespace,
        appId,
        actorTypes: types,
        ...(address !== undefined && { address }),
        updatedAt: updatedAt * 1e6,
      })),
      ...placementScheme(this.#options.scheme),
      tableVersion: this.#rounds.version,
    };
  }

  /** What is no message, and what is a late one, is passed over. */
  receive(sender: PlacementSender, data: unknown): void {
    const message = fromMember(data);
    if (message === undefined) {
      this.#options.log.debug("what a member of placement said is no message", { app: sender.appId });
      return;
    }
    const seat = this.#roster.byKey(message.key);
    if (seat !== undefined && (seat.appId !== sender.appId || message.incarnation < seat.incarnation)) return;
    if (message.t === "join") this.#join(sender, message, seat);
    else if (message.t === "leave") this.ended(message.key, message.incarnation);
    else if (seat?.incarnation === message.incarnation) this.#alive(sender, message, seat);
    else this.#tellOut(sender, message, "the coordinator does not count it among its members");
    this.#watch();
  }

  knows(key: string): boolean {
    return this.#roster.byKey(key) !== undefined;
  }

  /** That incarnation of a member, and those before it, surely have no actors at work any more. */
  ended(key: string, incarnation: number): void {
    const ghost = this.#ghosts.get(key);
    if (ghost !== undefined && ghost.incarnation <= incarnation) this.#ghosts.delete(key);
    const seat = this.#roster.byKey(key);
    if (seat !== undefined && seat.incarnation <= incarnation) this.#remove(seat);
    this.#rounds.changed();
  }

  /** Nobody is at work by the tables of a coordinator before, but for those who have joined this one. */
  allKnown(): void {
    this.#unknownUntil = Number.NEGATIVE_INFINITY;
    this.#rounds.changed();
  }

  close(): void {
    this.#cancelSweep?.();
    this.#cancelSweep = undefined;
    this.#roster.clear();
    this.#ghosts.clear();
  }

  get #now(): number {
    const { clock } = this.#options;
    return clock.monotonic?.() ?? clock.now();
  }

  get #unknown(): boolean {
    return this.#now < this.#unknownUntil;
  }

  #join(sender: PlacementSender, join: FromMember & { t: "join" }, known: PlacementSeat | undefined): void {
    const { key, incarnation, ping } = join;
    let seat = known?.incarnation === incarnation ? known : undefined;
    const fresh = seat === undefined;
    const refusal =
      seat === undefined
        ? this.#refusal(sender, join)
        : join.revision > seat.revision && this.#roster.refusal(join.types, seat.types);
    if (refusal) {
      this.#tellOut(sender, join, refusal);
      if (seat !== undefined) this.#putOut(seat, refusal);
      this.#rounds.changed();
      return;
    }
    if (seat === undefined) {
      // It has halted what it hosted in an earlier incarnation.
      this.#ghosts.delete(key);
      if (known !== undefined) this.#remove(known);
      const other = this.#roster.byName(join.name);
      if (other !== undefined) this.#putOut(other, "another instance has joined under its name");
      seat = this.#roster.add(join, sender);
    }
    seat.sender = sender;
    seat.heardAt = this.#now;
    if (join.revision > seat.revision)
      this.#roster.setTypes(seat, join.revision, join.types, this.#options.clock.now());
    const { leaseMs, pingMs } = this.#times;
    const { term } = this.#options;
    sender.send({ t: "joined", key, incarnation, ping, revision: seat.revision, term, leaseMs, pingMs });
    if (fresh) this.#rounds.joined(seat);
    else this.#rounds.changed();
  }

  #refusal(sender: PlacementSender, join: FromMember & { t: "join" }): string | undefined {
    const { key, incarnation, name, held, types } = join;
    if (!sender.mayBe(name)) return "it may not join under this name";
    const wait = types.length === 0 ? 0 : this.#latecomers.wait(sender.appId, this.#now);
    if (wait > 0) {
      return `instances of its app did not follow changes of placement again and again: it may host in ${Math.ceil(wait / 1000)} s`;
    }
    const full = this.#roster.full({ name, appId: sender.appId, address: join.address });
    if (full !== undefined) return full;
    const ghost = this.#ghosts.get(key);
    if (ghost !== undefined && incarnation <= ghost.incarnation) return "it has been put out";
    // It goes on with what another coordinator gave it, and all of that has been given to others by now.
    if (held !== undefined && (held === this.#options.term || !this.#unknown))
      return "its actors have been given to others";
    return this.#roster.refusal(types);
  }

  #alive(sender: PlacementSender, message: FromMember & { t: "alive" }, seat: PlacementSeat): void {
    const { key, incarnation, ping, seen, acknowledged } = message;
    seat.sender = sender;
    seat.heardAt = this.#now;
    sender.send({ t: "alive", key, incarnation, ping });
    this.#rounds.acknowledged(seat, acknowledged);
    if (seen < seat.sent && this.#now - seat.sentAt >= this.#times.pingMs) this.#rounds.send(seat);
  }

  #tellOut(
    sender: PlacementSender,
    { key, incarnation }: Pick<FromMember, "key" | "incarnation">,
    reason: string,
  ) {
    sender.send({ t: "out", key, incarnation, reason });
  }

  #putOut(seat: PlacementSeat, reason: string): void {
    this.#remove(seat);
    const { name, appId, incarnation, mayOwn, heardAt, types } = seat;
    // Of who hosts nothing nobody misses anything: a service worker comes anew with each of its starts.
    const level = types.length > 0 ? "warn" : "debug";
    this.#options.log[level]("an instance was put out of placement", { instance: name, app: appId, reason });
    const until = heardAt + this.#times.takeOverMs;
    if (mayOwn && until > this.#now) this.#ghosts.set(seat.key, { incarnation, until });
    this.#tellOut(seat.sender, seat, reason);
  }

  #remove(seat: PlacementSeat): void {
    this.#roster.remove(seat);
    this.#rounds.removed(seat);
  }

  #watch(): void {
    if (this.#cancelSweep !== undefined || this.idle) return;
    this.#sweptAt = this.#now;
    this.#cancelSweep = this.#options.clock.after(sweepMs, () => this.#sweep());
  }

  #sweep(): void {
    this.#cancelSweep = undefined;
    const now = this.#now;
    const { takeOverMs } = this.#times;
    for (const [key, { until }] of this.#ghosts) if (until <= now) this.#ghosts.delete(key);
    if (now - this.#sweptAt < sweepMs * stoodStill) {
      for (const seat of [...this.#roster]) {
        const late = seat.due <= now;
        if (!late && seat.heardAt + takeOverMs > now) continue;
        if (seat.awaited && seat.due < Number.POSITIVE_INFINITY) this.#latecomers.late(seat.appId, now);
        const reason = late
          ? "it did not follow a change of placement in time"
          : "it was not heard of for too long";
        this.#putOut(seat, reason);
      }
    }
    this.#rounds.changed();
    this.#watch();
  }
}
