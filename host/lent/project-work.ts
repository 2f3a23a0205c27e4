import type { Clock } from "../platform.ts";
import type { GivenResult, Ledger } from "./ledger.ts";
import type { Permits } from "./permits.ts";
import type { LeasedUnit, LentPackage, Project } from "./project.ts";
import { isOpen, liveLeases, type UnitRecord } from "./unit-record.ts";
import type { Credit } from "./validator.ts";

/** Of what the throughput is told. */
const MINUTE = 60_000;
/** How long a visitor between two units passes for one at work. */
const MOMENT = 3_000;

export interface ProjectWorkOptions {
  readonly project: Project;
  readonly ledger: Ledger;
  readonly permits: Permits;
  readonly clock: Clock;
}

/** A project as a visitor and a dashboard see it. */
export interface ShownProject {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly package: LentPackage;
  readonly leaseMs: number;
  readonly units: number;
  readonly accepted: number;
  /** Given up, because no two agreed. */
  readonly disputed: number;
  /** Of all visitors, those included that did not count. */
  readonly results: number;
  /** Results that were not those that were accepted. */
  readonly disagreements: number;
  /** Units that were accepted within the last minute. */
  readonly perMinute: number;
  /** Active: with a unit under way, or heard of a moment ago. */
  readonly workers: readonly (Credit & { readonly worker: string; readonly active: boolean })[];
  /** One letter a unit: open, leased, voted on, accepted, disputed. */
  readonly states: string;
}

/** What there is for a permit: a unit; nothing for this visitor now, but for another; or nothing that is not under way. */
export type Offered = LeasedUnit | "later" | "spent";

/** One project's work: one change after the other, and as many permits in the topic as there is work for. */
export class ProjectWork {
  readonly #options: ProjectWorkOptions;
  #turn: Promise<unknown> = Promise.resolve();
  /** When units were accepted lately. */
  #accepted: number[] = [];
  /** When visitors brought a result last. */
  readonly #heard = new Map<string, number>();

  constructor(options: ProjectWorkOptions) {
    this.#options = options;
  }

  /** Reads the records, and fills the topic. */
  start(): Promise<void> {
    return this.#next(() => this.#options.ledger.load());
  }

  lease(ticket: string, worker: string): Promise<Offered> {
    const { project, ledger, permits } = this.#options;
    return this.#next(async () => {
      const held = ledger.unitOf(ticket);
      if (held !== undefined) {
        const { votes, leases } = ledger.units[held] as UnitRecord;
        if (votes.some((vote) => vote.ticket === ticket)) return this.#spent(ticket);
        const own = leases.some((lease) => lease.ticket === ticket && lease.worker === worker);
        if (own && isOpen(ledger.units[held] as UnitRecord)) {
          await ledger.prolong(held, ticket, worker);
          return { unit: held, path: project.path(held) };
        }
        // The topic gives a permit to one at a time: who had it is gone.
        await ledger.giveBack(held, ticket);
      }
      const unit = await ledger.lease(ticket, worker, held);
      if (unit !== undefined) {
        permits.taken(ticket);
        return { unit, path: project.path(unit) };
      }
      if (ledger.places === 0) return this.#spent(ticket);
      permits.returned(ticket);
      return "later";
    });
  }

  giveBack(ticket: string): Promise<void> {
    const { ledger, permits } = this.#options;
    return this.#next(async () => {
      const held = ledger.unitOf(ticket);
      if (held !== undefined) await ledger.giveBack(held, ticket);
      permits.returned(ticket);
    });
  }

  vote(given: GivenResult): Promise<void> {
    const { project, ledger, permits, clock } = this.#options;
    return this.#next(async () => {
      if (given.unit >= project.units) return;
      if (await ledger.vote(given)) this.#accepted.push(clock.now());
      const { votes } = ledger.units[given.unit] as UnitRecord;
      if (!votes.some(({ ticket }) => ticket === given.ticket)) return;
      permits.spent(given.ticket);
      this.#heard.set(given.worker, clock.now());
    });
  }

  /** Looks for leases that have ended, permits that got lost, and what another coordinator has changed. */
  sweep(): Promise<void> {
    return this.start();
  }

  result(unit: number): Promise<string | undefined> {
    return this.#options.ledger.result(unit);
  }

  /** What a dashboard shows. */
  shown(): ShownProject {
    const { project, ledger, clock } = this.#options;
    const { units } = ledger;
    const now = clock.now();
    this.#accepted = this.#accepted.filter((at) => at > now - MINUTE);
    const working = new Set<string>();
    const workers = new Set(ledger.credits.keys());
    for (const [worker, at] of this.#heard) if (at > now - MOMENT) working.add(worker);
    for (const unit of units) {
      for (const { worker } of unit.votes) workers.add(worker);
      for (const { worker } of liveLeases(unit, now)) working.add(worker);
    }
    const disagreements = units.reduce(
      (sum, { votes, accepted }) =>
        sum + (accepted === undefined ? 0 : votes.filter(({ sha256 }) => sha256 !== accepted).length),
      0,
    );
    const { name, title, description, leaseMs, package: pack } = project;
    return {
      name,
      title,
      description,
      package: pack,
      leaseMs,
      units: units.length,
      accepted: units.filter(({ accepted }) => accepted !== undefined).length,
      disputed: units.filter(({ disputed }) => disputed).length,
      results: units.reduce((sum, { votes }) => sum + votes.length, 0),
      disagreements,
      perMinute: this.#accepted.length,
      workers: [...new Set([...workers, ...working])].map((worker) => ({
        worker,
        active: working.has(worker),
        ...(ledger.credits.get(worker) ?? { units: 0, disagreed: 0 }),
      })),
      states: units.map((unit) => stateOf(unit, now)).join(""),
    };
  }

  #spent(ticket: string): "spent" {
    this.#options.permits.spent(ticket);
    return "spent";
  }

  async #next<T>(change: () => Promise<T>): Promise<T> {
    const changing = this.#turn.then(change);
    this.#turn = changing.catch(() => undefined);
    const result = await changing;
    const refilling = this.#turn.then(() => this.#options.permits.refill(this.#options.ledger.places));
    // What cannot be published now is with the next change, or the next sweep.
    this.#turn = refilling.catch(() => undefined);
    await this.#turn;
    return result;
  }
}

function stateOf(unit: UnitRecord, now: number): string {
  if (unit.accepted !== undefined) return "a";
  if (unit.disputed) return "d";
  if (liveLeases(unit, now).length > 0) return "l";
  return unit.votes.length > 0 ? "v" : "o";
}
