import { toBase64 } from "../base64.ts";
import { toHex } from "../hex.ts";
import type { Clock } from "../platform.ts";
import type { Kept, LentRecords, Write } from "./lent-records.ts";
import type { Project } from "./project.ts";
import {
  freshUnit,
  hasVoted,
  isOpen,
  liveLeases,
  type UnitRecord,
  withLease,
  withoutLease,
} from "./unit-record.ts";
import type { Credit, Validator } from "./validator.ts";

export interface LedgerOptions {
  readonly project: Project;
  readonly records: LentRecords;
  readonly validator: Validator;
  readonly clock: Clock;
}

/** How often a change is tried where somebody else was quicker. */
const MOST_ATTEMPTS = 20;
/** Records that are asked for at once. */
const PAGE = 200;

const noCredit: Credit = { units: 0, disagreed: 0 };

/** A visitor's result of a unit, as it came. */
export interface GivenResult {
  readonly unit: number;
  readonly ticket: string;
  readonly worker: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/**
 * Units, leases, results and credits of one project. The records are what holds, and are compared with each change; what is in
 * memory only tells where to look.
 */
export class Ledger {
  readonly #options: LedgerOptions;
  readonly #units: UnitRecord[] = [];
  readonly #credits = new Map<string, Credit>();

  constructor(options: LedgerOptions) {
    this.#options = options;
  }

  async load(): Promise<void> {
    const { project, records } = this.#options;
    const units = Array.from({ length: project.units }, (_, i) => i);
    for (let i = 0; i < units.length; i += PAGE) {
      const found = await records.readAll<UnitRecord>(
        units.slice(i, i + PAGE).map((unit) => this.#key("unit", unit)),
      );
      for (const [j, record] of found.entries()) this.#units[i + j] = record ?? freshUnit;
    }
    const workers = [...new Set(this.#units.flatMap(({ votes }) => votes.map(({ worker }) => worker)))];
    const credits = await records.readAll<Credit>(workers.map((worker) => this.#key("credit", worker)));
    for (const [i, worker] of workers.entries()) this.#credits.set(worker, credits[i] ?? noCredit);
  }

  get units(): readonly UnitRecord[] {
    return this.#units;
  }

  get credits(): ReadonlyMap<string, Credit> {
    return this.#credits;
  }

  /** For how many more visitors there is work. */
  get places(): number {
    return this.#units.reduce((sum, unit) => sum + this.#placesOf(unit), 0);
  }

  /** The unit that the ticket's holder has, or had a result of. */
  unitOf(ticket: string): number | undefined {
    const found = this.#units.findIndex(
      ({ leases, votes }) =>
        votes.some((vote) => vote.ticket === ticket) ||
        leases.some((lease) => lease.ticket === ticket && lease.until > 0),
    );
    return found === -1 ? undefined : found;
  }

  /** Gives the visitor a unit that it has not had, `first` before all others. Undefined where there is none for it. */
  async lease(ticket: string, worker: string, first: number | undefined): Promise<number | undefined> {
    const { clock, project } = this.#options;
    const fits = (unit: UnitRecord) =>
      this.#placesOf(unit) > 0 &&
      !hasVoted(unit, worker) &&
      !liveLeases(unit, clock.now()).some((lease) => lease.worker === worker);
    const candidates = [...(first === undefined ? [] : [first]), ...this.#units.keys()];
    for (const i of candidates) {
      if (!fits(this.#units[i] as UnitRecord)) continue;
      const until = clock.now() + project.leaseMs;
      const taken = await this.#change(i, (unit) =>
        fits(unit) ? withLease(unit, { ticket, worker, until }) : undefined,
      );
      if (taken) return i;
    }
    return undefined;
  }

  /** The visitor goes on with what it has. */
  async prolong(i: number, ticket: string, worker: string): Promise<void> {
    const until = this.#options.clock.now() + this.#options.project.leaseMs;
    await this.#change(i, (unit) => withLease(unit, { ticket, worker, until }));
  }

  async giveBack(i: number, ticket: string): Promise<void> {
    await this.#change(i, (unit) => withoutLease(unit, ticket));
  }

  /** Counts a result, once. True where the unit is accepted by it; false also for one that nobody asked the visitor for. */
  async vote({ unit: i, ticket, worker, bytes }: GivenResult): Promise<boolean> {
    const { validator } = this.#options;
    const sha256 = toHex(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));
    let settled = false;
    await this.#change(
      i,
      (unit) => {
        settled = false;
        // Its name is known to all, its permit to nobody else.
        const own = unit.leases.some((lease) => lease.worker === worker && lease.ticket === ticket);
        if (!own || hasVoted(unit, worker)) return undefined;
        const voted = { ...unit, votes: [...unit.votes, { worker, ticket, sha256 }] };
        if (!isOpen(unit)) return voted;
        const verdict = validator.judge(voted.votes, this.#credits);
        if (verdict === "disputed") return { ...voted, disputed: true };
        settled = "accepted" in verdict;
        return "accepted" in verdict ? { ...voted, accepted: verdict.accepted } : voted;
      },
      bytes,
    );
    return settled;
  }

  /** The bytes that count, once there are any. */
  async result(i: number): Promise<string | undefined> {
    const accepted = this.#units[i]?.accepted;
    if (accepted === undefined) return undefined;
    return (await this.#options.records.read<string>(this.#key("result", i, accepted))).value;
  }

  #placesOf(unit: UnitRecord): number {
    if (!isOpen(unit)) return 0;
    const verdict = this.#options.validator.judge(unit.votes, this.#credits);
    // Not accepted on record: it will be with the next result.
    const missing = typeof verdict === "object" && "missing" in verdict ? verdict.missing : 1;
    return Math.max(0, missing - liveLeases(unit, this.#options.clock.now()).length);
  }

  #key(kind: string, ...rest: readonly (string | number)[]): string {
    return ["lent", this.#options.project.name, kind, ...rest].join("-");
  }

  /** Undefined leaves it as it is, and answers false. Credits and results that come of a change are written with it. */
  async #change(
    i: number,
    decide: (unit: UnitRecord) => UnitRecord | undefined,
    bytes?: Uint8Array,
  ): Promise<boolean> {
    const { records } = this.#options;
    const key = this.#key("unit", i);
    for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
      const { value = freshUnit, etag }: Kept<UnitRecord> = await records.read<UnitRecord>(key);
      this.#units[i] = value;
      const next = decide(value);
      if (next === undefined) return false;
      const credited = await this.#credited(value, next);
      const writes: Write[] = [
        { key, value: next, first: true, etag },
        ...credited.map(({ worker, credit, etag }): Write => {
          return { key: this.#key("credit", worker), value: credit, first: true, etag };
        }),
        ...this.#results(i, value, next, bytes),
      ];
      if (!(await records.write(writes))) continue;
      this.#units[i] = next;
      for (const { worker, credit } of credited) this.#credits.set(worker, credit);
      return true;
    }
    throw new Error(`unit ${i} was changed by others ${MOST_ATTEMPTS} times`);
  }

  /** Whose credit the change is to: of all who voted when a unit is accepted, of one who votes after that. */
  async #credited(before: UnitRecord, { accepted, votes }: UnitRecord) {
    if (accepted === undefined) return [];
    const counted = before.accepted === undefined ? votes : votes.slice(before.votes.length);
    return await Promise.all(
      counted.map(async ({ worker, sha256 }) => {
        const { value = noCredit, etag } = await this.#options.records.read<Credit>(
          this.#key("credit", worker),
        );
        const right = sha256 === accepted;
        const credit = right
          ? { ...value, units: value.units + 1 }
          : { ...value, disagreed: value.disagreed + 1 };
        return { worker, credit, etag };
      }),
    );
  }

  /** The bytes of a result that is new, and no others once one is accepted. */
  #results(
    i: number,
    before: UnitRecord,
    after: UnitRecord,
    bytes: Uint8Array | undefined,
  ): readonly Write[] {
    const known = new Set(before.votes.map(({ sha256 }) => sha256));
    const fresh = after.votes.slice(before.votes.length).map(({ sha256 }) => sha256);
    const kept =
      ({ accepted }: UnitRecord) =>
      (sha256: string) =>
        accepted === undefined || accepted === sha256;
    const added = fresh.filter((sha256) => !known.has(sha256)).filter(kept(after));
    const dropped = [...known].filter((sha256) => kept(before)(sha256) && !kept(after)(sha256));
    return [
      ...added.map((sha256): Write => {
        return { key: this.#key("result", i, sha256), value: toBase64(bytes as Uint8Array) };
      }),
      ...dropped.map((sha256): Write => ({ key: this.#key("result", i, sha256), gone: true })),
    ];
  }
}
