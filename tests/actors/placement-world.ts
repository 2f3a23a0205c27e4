import type {
  Follower,
  HostReport,
  PlacementTables,
  TableHost,
} from "../../host/actors/placement/membership.ts";
import { PlacementClient } from "../../host/actors/placement/placement-client.ts";
import type {
  PlacementChannel,
  PlacementLink,
  PlacementLinkEvents,
} from "../../host/actors/placement/placement-link.ts";
import type { FromMember, ToMember } from "../../host/actors/placement/placement-messages.ts";
import type { PlacementSender } from "../../host/actors/placement/placement-seat.ts";
import { PlacementService } from "../../host/actors/placement/placement-service.ts";
import { placementTimes } from "../../host/actors/placement/placement-times.ts";
import type { Clock, Platform } from "../../host/platform.ts";
import { webPlatform } from "../../host/web-platform.ts";
import { silent } from "../mesh/memory-sockets.ts";

/** Processes, messages between them and the time that passes, all of it decided by a seed. */
export interface Faults {
  /** Of 100. */
  readonly dropped: number;
  readonly doubled: number;
  /** Each message takes between 0 and so many milliseconds: later ones overtake. */
  readonly delayMs: number;
}

export const noFaults: Faults = { dropped: 0, doubled: 0, delayMs: 0 };

interface Event {
  readonly at: number;
  readonly order: number;
  readonly process: Process | undefined;
  readonly task: () => void;
  over: boolean;
}

/** The time of everybody, and what happens next in it. */
export class World {
  now = 0;
  faults: Faults = noFaults;
  /** Runs after each event. */
  check: () => void = () => undefined;
  #random: number;
  #heap: Event[] = [];
  #events = 0;

  constructor(seed: number) {
    this.#random = seed | 0;
  }

  random(): number {
    this.#random = (this.#random + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#random ^ (this.#random >>> 15), 1 | this.#random);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  after(ms: number, process: Process | undefined, task: () => void): () => void {
    const at = this.now + Math.max(0, ms);
    const event: Event = { at, order: this.#events++, process, task, over: false };
    this.#push(event);
    return () => {
      event.over = true;
    };
  }

  /** Hands a message over, or does what befalls messages. */
  carry(to: Process, task: () => void): void {
    const { dropped, doubled, delayMs } = this.faults;
    if (this.random() * 100 < dropped) return;
    this.after(this.random() * delayMs, to, task);
    if (this.random() * 100 < doubled) this.after(this.random() * delayMs, to, task);
  }

  async run(ms: number): Promise<void> {
    const end = this.now + ms;
    for (;;) {
      const next = this.#heap[0];
      if (next === undefined || next.at > end) break;
      this.#pop();
      if (next.over) continue;
      this.now = Math.max(this.now, next.at);
      const { process } = next;
      if (process?.frozen) {
        process.held.push(next);
        continue;
      }
      if (process?.dead) continue;
      next.task();
      // As many turns as the longest chain of promises between two events.
      for (let i = 0; i < 10; i++) await undefined;
      this.check();
    }
    this.now = end;
  }

  #push(event: Event): void {
    const heap = this.#heap;
    let i = heap.push(event) - 1;
    while (i > 0) {
      const up = (i - 1) >> 1;
      if (before(heap[up] as Event, event)) break;
      heap[i] = heap[up] as Event;
      i = up;
    }
    heap[i] = event;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop() as Event;
    if (heap.length === 0) return;
    let i = 0;
    for (;;) {
      let down = 2 * i + 1;
      if (down >= heap.length) break;
      if (down + 1 < heap.length && before(heap[down + 1] as Event, heap[down] as Event)) down++;
      if (before(last, heap[down] as Event)) break;
      heap[i] = heap[down] as Event;
      i = down;
    }
    heap[i] = last;
  }
}

const before = (a: Event, b: Event) => a.at < b.at || (a.at === b.at && a.order < b.order);

/** One process with a clock of its own, which can stand still. */
export class Process implements Clock {
  readonly held: { task: () => void; over: boolean }[] = [];
  frozen = false;
  dead = false;
  #slept = 0;
  #since = 0;

  constructor(
    readonly world: World,
    /** How fast its clock runs. */
    readonly rate = 1,
  ) {}

  now(): number {
    return 1_800_000_000_000 + Math.floor(this.world.now);
  }

  monotonic(): number {
    return this.world.now * this.rate - this.#slept;
  }

  after(ms: number, task: () => void): () => void {
    return this.world.after(ms / this.rate, this, task);
  }

  /** `asleep`: its monotonic clock stands still too, as where the whole machine sleeps. */
  freeze(ms: number, asleep: boolean): void {
    if (this.frozen) return;
    this.frozen = true;
    this.#since = this.world.now;
    this.world.after(ms, undefined, () => this.resume(asleep));
  }

  resume(asleep: boolean): void {
    if (!this.frozen) return;
    this.frozen = false;
    if (asleep) this.#slept += (this.world.now - this.#since) * this.rate;
    for (const event of this.held.splice(0)) {
      this.world.after(0, this, () => {
        if (!event.over) event.task();
      });
    }
  }
}

/** The service of the moment, and the way to it. */
export class Coordinators {
  process: Process;
  service: PlacementService | undefined;
  readonly channels = new Set<() => void>();
  #term = 0;

  constructor(readonly world: World) {
    this.process = new Process(world);
    this.start(0);
  }

  start(unknownMs = placementTimes.takeOverMs): void {
    if (this.service !== undefined) return;
    this.process = new Process(this.world);
    this.#term++;
    this.service = new PlacementService({
      clock: this.process,
      log: silent,
      namespace: "default",
      term: this.#term,
      unknownMs,
    });
  }

  kill(): void {
    this.process.dead = true;
    this.service?.close();
    this.service = undefined;
    for (const close of [...this.channels]) close();
  }
}

/** What hosts actors, as the one that uses a membership would: it knows which it may let work. */
class ModelFollower implements Follower {
  /** By type: the hosts by whose table its actors may be at work here; none while it is blocked. */
  readonly active = new Map<string, readonly TableHost[]>();
  tables: PlacementTables | undefined;
  drainMs = 0;
  failing = false;
  losses = 0;

  constructor(readonly process: Process) {}

  async lock(): Promise<void> {}

  async update(tables: PlacementTables): Promise<void> {
    if (this.failing) {
      this.failing = false;
      throw new Error("the store is away");
    }
    const before = this.tables;
    if (before?.term === tables.term && before.version > tables.version) throw new Error("an older version");
    this.tables = tables;
    const types = new Set([...(before?.types.keys() ?? []), ...tables.types.keys()]);
    const changed = [...types].filter(
      (type) => print(before?.types.get(type)) !== print(tables.types.get(type)),
    );
    if (this.drainMs > 0 && changed.some((type) => this.active.has(type)))
      await new Promise<void>((resolve) => this.process.after(this.drainMs, resolve));
    // Lost meanwhile.
    if (this.tables !== tables) return;
    for (const type of changed) this.active.delete(type);
  }

  async unlock(): Promise<void> {
    for (const [type, hosts] of this.tables?.types ?? []) this.active.set(type, hosts);
  }

  async lost(): Promise<void> {
    this.losses++;
    this.tables = undefined;
    this.active.clear();
  }
}

const print = (hosts: readonly TableHost[] | undefined) =>
  (hosts ?? [])
    .map(({ name, appId }) => `${name} ${appId}`)
    .sort()
    .join();

export interface ModelMember {
  readonly name: string;
  readonly process: Process;
  readonly follower: ModelFollower;
  readonly client: PlacementClient;
  types: readonly string[];
  /** The network between it and the coordinator: up, down, or swallowing all that is sent. */
  network: "up" | "down" | "silent";
  cut(): void;
}

export class WorldLink implements PlacementLink {
  readonly name = "the world";
  member: Pick<ModelMember, "network"> | undefined;
  readonly #open = new Set<() => void>();

  constructor(
    readonly process: Process,
    readonly coordinators: Coordinators,
  ) {}

  cut(): void {
    for (const close of [...this.#open]) close();
  }

  async open(events: PlacementLinkEvents): Promise<PlacementChannel> {
    const { coordinators, process } = this;
    const { world, service } = coordinators;
    const server = coordinators.process;
    await new Promise<void>((resolve) => process.after(2, resolve));
    if (service === undefined || service !== coordinators.service || this.member?.network !== "up")
      throw new Error("nobody answers");
    let over = false;
    const silentNow = () => this.member?.network !== "up";
    const sender: PlacementSender = {
      appId: "app",
      mayBe: () => true,
      send: (message: ToMember) => {
        const copy = JSON.parse(JSON.stringify(message)) as unknown;
        if (!silentNow())
          world.carry(process, () => {
            if (!over) events.received(copy);
          });
      },
    };
    const close = () => {
      if (over) return;
      over = true;
      this.#open.delete(close);
      coordinators.channels.delete(close);
      world.after(1, process, () => events.closed());
    };
    this.#open.add(close);
    coordinators.channels.add(close);
    return {
      send: (message: FromMember) => {
        const copy = JSON.parse(JSON.stringify(message)) as unknown;
        if (!silentNow()) world.carry(server, () => service.receive(sender, copy));
      },
      close: () => {
        over = true;
        this.#open.delete(close);
        coordinators.channels.delete(close);
      },
    };
  }
}

let keys = 0;

/** All that a process has of its host. */
export function platformOf(process: Process): Platform {
  return {
    ...webPlatform(silent),
    clock: process,
    uuid: () => `key-${++keys}`,
    random: (bytes) => {
      for (let i = 0; i < bytes.length; i++) bytes[i] = process.world.random() * 256;
      return bytes;
    },
  };
}

export function startMember(
  coordinators: Coordinators,
  name: string,
  types: readonly string[],
  rate = 1,
): ModelMember {
  const { world } = coordinators;
  const process = new Process(world, rate);
  const link = new WorldLink(process, coordinators);
  const follower = new ModelFollower(process);
  const platform = platformOf(process);
  const client = new PlacementClient(link, platform);
  const member: ModelMember = {
    name,
    process,
    follower,
    client,
    types,
    network: "up",
    cut: () => link.cut(),
  };
  link.member = member;
  const report: HostReport = { name, appId: "app", namespace: "default", types };
  void client.join(report, follower);
  return member;
}

/** What of some ids a host owns, by its name, for each list of hosts. */
const ids = ["1", "2", "3", "4", "5"];
const owners = new WeakMap<readonly TableHost[], readonly string[]>();

function ownersOf(hosts: readonly TableHost[]): readonly string[] {
  let found = owners.get(hosts);
  if (found === undefined) {
    const names = hosts.map(({ name }) => name).sort();
    found = ids.map((id) => names[weigh(id, names.length)] as string);
    owners.set(hosts, found);
  }
  return found;
}

function weigh(id: string, count: number): number {
  return (Number(id) * 7 + count * 3) % count;
}

/** Throws when two members may both let an actor work. */
export function oneOwner(members: Iterable<ModelMember>): void {
  const claims = new Map<string, ModelMember>();
  for (const member of members) {
    if (member.process.dead || member.process.frozen || !member.client.valid) continue;
    for (const [type, hosts] of member.follower.active) {
      const all = ownersOf(hosts);
      for (let i = 0; i < ids.length; i++) {
        if (all[i] !== member.name) continue;
        const actor = `${type}||${ids[i]}`;
        const other = claims.get(actor);
        if (other !== undefined) throw new Error(`${other.name} and ${member.name} both own ${actor}`);
        claims.set(actor, member);
      }
    }
  }
}
