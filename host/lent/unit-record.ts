import type { Vote } from "./validator.ts";

/** A unit that a visitor has taken. It stays on record when it has ended: a result that was under way then still counts. */
export interface Lease {
  /** The permit that it was taken with. */
  readonly ticket: string;
  readonly worker: string;
  /** Milliseconds since 1970; 0 once it was given back. */
  readonly until: number;
}

export interface CountedVote extends Vote {
  readonly ticket: string;
}

/** All that is kept of one unit, in one record: so none of it can be there without the rest. */
export interface UnitRecord {
  readonly leases: readonly Lease[];
  /** One of a visitor at most. */
  readonly votes: readonly CountedVote[];
  /** The hash of the bytes that count. */
  readonly accepted?: string;
  readonly disputed?: true;
}

export const freshUnit: UnitRecord = { leases: [], votes: [] };

/** Leases that ended long ago and came to nothing are forgotten beyond so many. */
const REMEMBERED = 20;

export const isOpen = ({ accepted, disputed }: UnitRecord) =>
  accepted === undefined && disputed === undefined;

export const hasVoted = ({ votes }: UnitRecord, worker: string) =>
  votes.some((vote) => vote.worker === worker);

/** Leases that a result is still expected of. */
export function liveLeases(unit: UnitRecord, now: number): readonly Lease[] {
  return unit.leases.filter(({ worker, until }) => until > now && !hasVoted(unit, worker));
}

/** In place of what was taken with the same permit. */
export function withLease(unit: UnitRecord, lease: Lease): UnitRecord {
  const others = unit.leases.filter(({ ticket }) => ticket !== lease.ticket);
  return { ...unit, leases: [...others.slice(-REMEMBERED), lease] };
}

export function withoutLease(unit: UnitRecord, ticket: string): UnitRecord {
  const leases = unit.leases.map((lease) => (lease.ticket === ticket ? { ...lease, until: 0 } : lease));
  return { ...unit, leases };
}
