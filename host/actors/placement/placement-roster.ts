import type { PlacementScheme, TableHost } from "./membership.ts";
import { bounds, type FromMember, type SentTables, sentTables } from "./placement-messages.ts";
import { PlacementSeat, type PlacementSender } from "./placement-seat.ts";

const charactersOf = ({ name, appId, address = "" }: TableHost) =>
  name.length + appId.length + address.length;

/** The members of one namespace, and the table that was made of them last. */
export class PlacementRoster {
  readonly #seats = new Map<string, PlacementSeat>();
  readonly #names = new Map<string, PlacementSeat>();
  /** How many members host each type. */
  readonly #types = new Map<string, number>();
  #entries = 0;
  #characters = 0;
  /** The table: prints by name. */
  #prints = new Map<string, string>();
  tables: SentTables = { hosts: [], types: [] };
  readonly #scheme: PlacementScheme | undefined;

  constructor(scheme?: PlacementScheme) {
    this.#scheme = scheme;
  }

  get size(): number {
    return this.#seats.size;
  }

  [Symbol.iterator](): Iterator<PlacementSeat> {
    return this.#seats.values();
  }

  byKey(key: string): PlacementSeat | undefined {
    return this.#seats.get(key);
  }

  byName(name: string): PlacementSeat | undefined {
    return this.#names.get(name);
  }

  /** Why there is no room for one more instance as that one; or undefined. */
  full(host: TableHost): string | undefined {
    const { members, characters } = bounds;
    return this.#seats.size >= members || this.#characters + charactersOf(host) > characters
      ? `a namespace has at most ${members} instances, with ${characters} characters of names`
      : undefined;
  }

  /** Why there is no room for these types, in place of those that the member had; or undefined. */
  refusal(types: readonly string[], before: readonly string[] = []): string | undefined {
    if (this.#entries + types.length - before.length > bounds.entries)
      return `the instances of a namespace host at most ${bounds.entries} types, added up`;
    const fresh = types.reduce((count, type) => count + (this.#types.has(type) ? 0 : 1), 0);
    return this.#types.size + fresh > bounds.types
      ? `a namespace has at most ${bounds.types} actor types`
      : undefined;
  }

  add(join: FromMember & { t: "join" }, sender: PlacementSender): PlacementSeat {
    const seat = new PlacementSeat(join, sender);
    this.#seats.set(seat.key, seat);
    this.#names.set(seat.name, seat);
    this.#characters += charactersOf(seat);
    return seat;
  }

  setTypes(seat: PlacementSeat, revision: number, types: readonly string[], now: number): void {
    this.#count(seat.types, -1);
    seat.setTypes(revision, types, now);
    this.#count(seat.types, 1);
  }

  #count(types: readonly string[], by: 1 | -1): void {
    this.#entries += by * types.length;
    for (const type of types) {
      const count = (this.#types.get(type) ?? 0) + by;
      if (count === 0) this.#types.delete(type);
      else this.#types.set(type, count);
    }
  }

  /** False when it was none of them. */
  remove(seat: PlacementSeat): boolean {
    if (this.#seats.get(seat.key) !== seat) return false;
    this.#seats.delete(seat.key);
    if (this.#names.get(seat.name) === seat) this.#names.delete(seat.name);
    this.#characters -= charactersOf(seat);
    this.#count(seat.types, -1);
    return true;
  }

  clear(): void {
    for (const seat of [...this]) this.remove(seat);
  }

  /** Makes the table of those who are admitted now. */
  draw(): void {
    const hosts = [...this]
      .filter(({ types }) => types.length > 0)
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    this.#prints = new Map(hosts.map(({ name, print }) => [name, print]));
    this.tables = sentTables(hosts, this.#scheme);
  }

  inTable({ name }: PlacementSeat): boolean {
    return this.#prints.has(name);
  }

  /** Whether a table of now would differ. Who is not admitted yet counts only if it is in the table as it is. */
  get outdated(): boolean {
    let same = 0;
    for (const { name, types, print, admitted } of this) {
      if (types.length === 0) continue;
      if (this.#prints.get(name) === print) same++;
      else if (admitted) return true;
    }
    return same !== this.#prints.size;
  }
}
