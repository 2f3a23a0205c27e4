import type { Abortable } from "../../abortable.ts";
import type { Core, Placement } from "../../core/core.ts";
import type { Clock } from "../../platform.ts";
import type { Follower, PlacementScheme, PlacementTables, TableHost } from "./membership.ts";
import { replicas } from "./placement-state.ts";

/** How long a call waits for a change of placement that it fell into. Milliseconds. */
const patienceMs = 30_000;
/** What calls have to end once the coordinator is lost: less than what lies between a lease and a take-over. Milliseconds. */
const lostMs = 1_000;

/** How long a call that was taken for moved waits for the table that says so. Milliseconds. */
const tableMs = 2_000;

/** The type's owners change, or are not known, and that has lasted for longer than a call may wait. */
export class PlacementBusyError extends Error {
  /** `by`: the coordinator, where it is it that is not heard of. */
  constructor(type: string, by: string | undefined) {
    const why = by === undefined ? "has not been settled for too long" : `is not known without it`;
    const what = by === undefined ? "placement is disseminating" : `placement by ${by} cannot be reached`;
    super(`${what}: who hosts actors of type ${type} ${why}`);
    this.name = "PlacementBusyError";
  }
}

interface Ring {
  readonly hosts: readonly TableHost[];
  readonly described: string;
  readonly placement: Placement;
}

/** What an instance does with its own actors while it is taken through a change. */
export interface Halting {
  /**
   * Of the types that changed: lets calls end or cuts them off, and halts every actor that `keeps` does not name. When it
   * resolves nothing that is halted writes any more. Calls are cut off after `longestMs` at the latest.
   */
  halt(
    types: ReadonlySet<string>,
    keeps: (type: string, id: string) => boolean,
    longestMs?: number,
  ): Promise<void>;
  /** Claims what is owned from now on, before others believe it: `hosts` are all who may own actors of this app. */
  claim(hosts: readonly TableHost[]): Promise<void>;
  /** A change is over: everything in the tables may be called. */
  settled(): void;
}

/**
 * Who owns which actor, as this instance knows it (dapr-actors §1 and §2.4). Lookups of a type whose owners are changing
 * wait until all instances have let go of what they lost; other types go on. It is the membership's follower.
 */
export class Owners implements Follower {
  readonly #core: Core;
  readonly #clock: Clock;
  readonly #halting: Halting;
  /** This instance's name in the tables. */
  readonly name: string;
  readonly #by: string | undefined;
  #rings = new Map<string, Ring>();
  #tables: PlacementTables | undefined;
  /** Types whose change is not over. */
  readonly #blocked = new Set<string>();
  #ready = false;
  readonly #settled = new Set<() => void>();
  /** Halts, one after another. A claim holds up none of them, however long the store takes. */
  #turn: Promise<void> = Promise.resolve();
  #claimed: Promise<void> = Promise.resolve();

  /** `by`: who coordinates, for messages. */
  constructor(name: string, core: Core, clock: Clock, halting: Halting, by?: string) {
    this.name = name;
    this.#by = by;
    this.#core = core;
    this.#clock = clock;
    this.#halting = halting;
  }

  /** True from the first change that was seen through, until the coordinator is lost. */
  get ready(): boolean {
    return this.#ready;
  }

  get version(): number {
    return this.#tables?.version ?? 0;
  }

  /** Types of the tables with those who host them. */
  get types(): ReadonlyMap<string, readonly TableHost[]> {
    return this.#tables?.types ?? new Map();
  }

  /** As they are in use; undefined: there are none yet. */
  get tables(): PlacementTables | undefined {
    return this.#tables;
  }

  /** Everybody in the tables. */
  get hosts(): readonly TableHost[] {
    return this.#tables === undefined ? [] : hostsOf(this.#tables);
  }

  /** The owner, at once; undefined where nobody hosts the type, "later" while that is being settled. */
  now(type: string, id: string): TableHost | undefined | "later" {
    if (!this.#ready || this.#blocked.has(type)) return "later";
    return this.#owner(type, id);
  }

  /** As {@link now}, once it is settled. Throws {@link PlacementBusyError}, or the reason why the caller went away. */
  async find(type: string, id: string, caller: Abortable | undefined): Promise<TableHost | undefined> {
    const until = this.#clock.now() + patienceMs;
    for (;;) {
      const owner = this.now(type, id);
      if (owner !== "later") return owner;
      const left = until - this.#clock.now();
      if (left <= 0) throw new PlacementBusyError(type, this.#tables === undefined ? this.#by : undefined);
      await this.change(left, caller);
    }
  }

  /** Resolves when a change is over, or after `ms` at most. Rejects with the reason why the caller went away. */
  change(ms: number, caller: Abortable | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      if (caller?.aborted) return reject(caller.reason);
      const end = (settle: () => void) => {
        this.#settled.delete(changed);
        caller?.removeEventListener("abort", gone);
        cancel();
        settle();
      };
      const changed = () => end(resolve);
      const gone = () => end(() => reject(caller?.reason));
      const cancel = this.#clock.after(ms, changed);
      this.#settled.add(changed);
      caller?.addEventListener("abort", gone);
    });
  }

  /** Waits for the table by which a caller found this instance, which may have heard of it sooner; not for long. */
  async reach(version: number, caller: Abortable | undefined): Promise<void> {
    if (this.version < version || !this.#ready) await this.change(tableMs, caller);
  }

  /** True while this instance owns the actor and nothing about that is changing. */
  owns(type: string, id: string): boolean {
    const owner = this.now(type, id);
    return owner !== "later" && owner?.name === this.name;
  }

  #owner(type: string, id: string): TableHost | undefined {
    const ring = this.#rings.get(type);
    return ring?.hosts[ring.placement.owner(id)];
  }

  async lock(_version: number): Promise<void> {}

  update(tables: PlacementTables): Promise<void> {
    const before = this.#tables;
    const outdated =
      before !== undefined &&
      (tables.term < before.term || (tables.term === before.term && tables.version < before.version));
    if (outdated) return Promise.reject(new Error("a table that is older than the one in use"));
    this.#tables = tables;
    const changed = this.#take(tables);
    const halted = this.#turn.then(async () => {
      if (changed.size === 0) return;
      await this.#halting.halt(changed, (type, id) => this.#owner(type, id)?.name === this.name);
    });
    this.#turn = halted.catch(() => undefined);
    this.#claimed = halted.then(async () => {
      // Who hosts by now may not be in these: to claim by them would put that one out.
      if (this.#tables !== tables) throw new Error("the table was given up before it was in use");
      await this.#halting.claim(hostsOf(tables));
    });
    return this.#claimed;
  }

  /** Types whose owners are others now; they are blocked from here on. */
  #take({ types, scheme = "ring" }: PlacementTables): ReadonlySet<string> {
    const changed = new Set<string>();
    for (const type of this.#rings.keys()) if (!types.has(type)) changed.add(type);
    const rings = new Map<string, Ring>();
    const made = new Map<string, Ring>();
    for (const [type, hosts] of types) {
      const described = describe(hosts, scheme);
      const before = this.#rings.get(type);
      const same = before !== undefined && before.described === described;
      const ring = same ? before : (made.get(described) ?? this.#ring(hosts, scheme, described));
      if (!same) changed.add(type);
      made.set(described, ring);
      rings.set(type, ring);
    }
    this.#rings = rings;
    for (const type of changed) this.#blocked.add(type);
    return changed;
  }

  #ring(hosts: readonly TableHost[], scheme: PlacementScheme, described: string): Ring {
    const names = hosts.map(({ name }) => name);
    const core = this.#core;
    const placement = scheme === "ring" ? core.ring(names, replicas) : core.rendezvous(names);
    return { hosts, described, placement };
  }

  async unlock(version: number): Promise<void> {
    if (this.#tables === undefined || version !== this.#tables.version) return;
    await this.#claimed;
    if (version !== this.#tables?.version) return;
    this.#blocked.clear();
    this.#ready = true;
    for (const changed of [...this.#settled]) changed();
    this.#halting.settled();
  }

  async lost(): Promise<void> {
    const types = new Set([...this.#rings.keys(), ...this.#blocked]);
    this.#ready = false;
    this.#tables = undefined;
    this.#rings = new Map();
    this.#blocked.clear();
    // At once: a halt under way may let calls take longer than is left until others own what they work on.
    const halted = this.#halting.halt(types, () => false, lostMs);
    const work = Promise.all([this.#turn, halted]);
    this.#turn = work.then(
      () => undefined,
      () => undefined,
    );
    await work;
  }
}

/** What a ring is made of: an order of the hosts does not change it. */
function describe(hosts: readonly TableHost[], scheme: PlacementScheme): string {
  return JSON.stringify([scheme, ...hosts.map(({ name, appId }) => [name, appId]).sort()]);
}

function hostsOf({ types }: PlacementTables): readonly TableHost[] {
  const hosts = new Map<string, TableHost>();
  for (const each of types.values()) for (const host of each) hosts.set(host.name, host);
  return [...hosts.values()];
}
