import type { PlacementScheme, PlacementTables, TableHost } from "./membership.ts";

/**
 * What members and a coordinator say to each other: records of JSON. Each may be lost, doubled, or late: it tells how
 * things stand, never only what has changed. `key` is the member's secret: who knows it is that member, on whatever
 * connection. `incarnation` grows each time that it has halted its actors and begins anew.
 */
interface Addressed {
  readonly key: string;
  readonly incarnation: number;
}

/** App id and namespace are not among it: the transport knows them of whom it has let in. */
export type FromMember = Addressed &
  (
    | {
        readonly t: "join";
        readonly ping: number;
        /** Grows with each change of the types. */
        readonly revision: number;
        readonly name: string;
        readonly types: readonly string[];
        /** See TableHost. */
        readonly address?: string | undefined;
        /** Of the coordinator by whose tables its actors may be at work; left out when they are not. */
        readonly held?: number | undefined;
      }
    | { readonly t: "alive"; readonly ping: number; readonly seen: number; readonly acknowledged: number }
    /** It has halted its actors. */
    | { readonly t: "leave" }
  );

export type ToMember = Addressed &
  (
    | {
        readonly t: "joined";
        readonly ping: number;
        readonly revision: number;
        readonly term: number;
        readonly leaseMs: number;
        readonly pingMs: number;
      }
    | { readonly t: "alive"; readonly ping: number }
    | {
        readonly t: "step";
        readonly term: number;
        readonly step: number;
        /** With the step of an update. */
        readonly tables?: SentTables | undefined;
      }
    | { readonly t: "out"; readonly reason: string }
  );

export interface SentTables {
  /** `[name, app id, …]` */
  readonly hosts: readonly string[];
  /** Of each host, empty where it tells none; left out where nobody does. */
  readonly addresses?: readonly string[] | undefined;
  /** A type, and where its hosts stand among {@link hosts}. */
  readonly types: readonly (readonly [type: string, hosts: readonly number[]])[];
  readonly scheme?: PlacementScheme | undefined;
}

/** A version and a phase as one number, so that whatever comes later is greater. */
export const lock = 0;
export const update = 1;
export const unlock = 2;
export const stepOf = (version: number, phase: number): number => 3 * version + phase;
export const versionOf = (step: number): number => Math.floor(step / 3);
export const phaseOf = (step: number): number => step % 3;

/** What one namespace may come to. */
export const bounds = {
  members: 10_000,
  typesPerMember: 1_024,
  /** Different ones, of all members together. */
  types: 4_096,
  /** Types of all members added up. */
  entries: 100_000,
  /** Names and app ids of all members added up: with the types, tables stay below what one frame carries. */
  characters: 700_000,
  nameLength: 256,
  typeLength: 128,
  addressLength: 256,
  reasonLength: 1_000,
} as const;

const aDay = 24 * 60 * 60_000;

const natural = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const between = (value: unknown, least: number, most: number): boolean =>
  natural(value) && value >= least && value <= most;
const text = (value: unknown, most: number): value is string =>
  typeof value === "string" && value.length > 0 && value.length <= most && !/\p{Cc}/u.test(value);

/** `http://` or `https://`, a host and a port perhaps. */
const address = (value: unknown): boolean =>
  text(value, bounds.addressLength) && /^https?:\/\/[^/?#@\s]+$/.test(value);

function addressed(value: unknown): Record<string, unknown> | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { key, incarnation } = value as Record<string, unknown>;
  return text(key, 64) && natural(incarnation) ? (value as Record<string, unknown>) : undefined;
}

/** The message, or undefined when it is none. */
export function fromMember(value: unknown): FromMember | undefined {
  const message = addressed(value);
  if (message === undefined) return undefined;
  const { t, ping, revision, name, types, held, seen, acknowledged } = message;
  if (message.address !== undefined && !address(message.address)) return undefined;
  switch (t) {
    case "join":
      if (!natural(ping) || !natural(revision) || !text(name, bounds.nameLength)) return undefined;
      if (held !== undefined && !natural(held)) return undefined;
      if (!Array.isArray(types) || types.length > bounds.typesPerMember) return undefined;
      if (!types.every((type) => text(type, bounds.typeLength))) return undefined;
      break;
    case "alive":
      if (!natural(ping) || !natural(seen) || !natural(acknowledged)) return undefined;
      break;
    case "leave":
      break;
    default:
      return undefined;
  }
  return message as unknown as FromMember;
}

/** The message, or undefined when it is none. */
export function toMember(value: unknown): ToMember | undefined {
  const message = addressed(value);
  if (message === undefined) return undefined;
  const { t, ping, revision, term, leaseMs, pingMs, step, tables, reason } = message;
  switch (t) {
    case "joined":
      if (!natural(ping) || !natural(revision) || !natural(term)) return undefined;
      if (!between(leaseMs, 1, aDay) || !between(pingMs, 1, aDay)) return undefined;
      break;
    case "alive":
      if (!natural(ping)) return undefined;
      break;
    case "step":
      if (!natural(term) || !natural(step)) return undefined;
      if (phaseOf(step) === update && !isTables(tables)) return undefined;
      break;
    case "out":
      if (!text(reason, bounds.reasonLength)) return undefined;
      break;
    default:
      return undefined;
  }
  return message as unknown as ToMember;
}

function isTables(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const { hosts, addresses, types, scheme } = value as { [Name in keyof SentTables]: unknown };
  if (scheme !== undefined && scheme !== "ring" && scheme !== "rendezvous") return false;
  if (!Array.isArray(hosts) || hosts.length % 2 !== 0 || hosts.length > 2 * bounds.members) return false;
  if (!hosts.every((each) => text(each, bounds.nameLength))) return false;
  if (addresses !== undefined) {
    if (!Array.isArray(addresses) || addresses.length !== hosts.length / 2) return false;
    if (!addresses.every((each) => each === "" || address(each))) return false;
  }
  if (!Array.isArray(types) || types.length > bounds.types) return false;
  return types.every(
    (row) =>
      Array.isArray(row) &&
      text(row[0], bounds.typeLength) &&
      Array.isArray(row[1]) &&
      row[1].every((index) => between(index, 0, hosts.length / 2 - 1)),
  );
}

export function sentTables(
  reports: Iterable<TableHost & { readonly types: readonly string[] }>,
  scheme: PlacementScheme | undefined,
): SentTables {
  const hosts: string[] = [];
  const addresses: string[] = [];
  const types = new Map<string, number[]>();
  for (const { name, appId, address = "", types: own } of reports) {
    if (own.length === 0) continue;
    const index = hosts.push(name, appId) / 2 - 1;
    addresses.push(address);
    for (const type of own) {
      const row = types.get(type);
      if (row === undefined) types.set(type, [index]);
      else row.push(index);
    }
  }
  const told = addresses.some((address) => address !== "");
  return { hosts, types: [...types], ...(told && { addresses }), ...(scheme !== undefined && { scheme }) };
}

export function readTables(
  { hosts, addresses, types, scheme }: SentTables,
  version: number,
  term: number,
): PlacementTables {
  const all = Array.from(
    { length: hosts.length / 2 },
    (_, i): TableHost => ({
      name: hosts[2 * i] as string,
      appId: hosts[2 * i + 1] as string,
      ...(addresses?.[i] && { address: addresses[i] }),
    }),
  );
  const read = types.map(([type, row]) => [type, row.map((index) => all[index] as TableHost)] as const);
  return { version, term, types: new Map(read), scheme };
}
