/** One instance that hosts actors, as the table of each of its types names it. */
export interface TableHost {
  /**
   * What is hashed into the ring, so owners depend on it byte for byte: `Member.instance`, and after a `/` the part of an
   * instance that has several, as the pages behind one service worker.
   */
  readonly name: string;
  readonly appId: string;
  /** The URL at which its sidecar is called by those who are no members, such as gateways; most have none to tell. */
  readonly address?: string | undefined;
}

/** What an instance reports of itself. */
export interface HostReport extends TableHost {
  readonly namespace: string;
  /** The types that it hosts now, in any order; empty for one that only calls. */
  readonly types: readonly string[];
}

/** How the owner of an actor is chosen: `ring` as Dapr's placement service does, `rendezvous` as its Scheduler will. */
export type PlacementScheme = "ring" | "rendezvous";

/** Who hosts what, at one version. A namespace has tables of its own. */
export interface PlacementTables {
  /** Grows with each change for as long as one coordinator lives; of two coordinators only the {@link term} tells the later. */
  readonly version: number;
  /** Of the coordinator that made it; a later one has a greater one. */
  readonly term: number;
  readonly types: ReadonlyMap<string, readonly TableHost[]>;
  /** `ring` when left out. Of one coordinator's tables all have the same. */
  readonly scheme?: PlacementScheme | undefined;
}

/**
 * How an instance is taken through a change (`lock`, then `update`, then `unlock`, as Dapr's placement service does). A
 * later `lock` may come in the place of any of them. Each is acknowledged when it resolves, and none may be left pending
 * for ever: the coordinator puts out who is late.
 */
export interface Follower {
  lock(version: number): Promise<void>;
  /** Blocks the types that changed, lets their calls end, halts what is owned elsewhere from here on. */
  update(tables: PlacementTables): Promise<void>;
  /** The table of the last `update` is in use by all. */
  unlock(version: number): Promise<void>;
  /**
   * The coordinator was not heard of for as long as the lease lasts, or has put this instance out: no actor may be at work
   * here any more when it resolves. The membership joins again by itself.
   */
  lost(): Promise<void>;
}

/** Takes part in placement on behalf of one instance. */
export interface Membership {
  /** For messages and `/v1.0/metadata`: `this process`, `machine`, `relay ws://…`. */
  readonly name: string;
  /**
   * False from the moment on at which this instance may not count on its actors any more, which is before `lost` is
   * called where this process, or its machine, stood still: who is about to let an actor work asks it.
   */
  readonly valid: boolean;
  /**
   * Reports the instance and follows the tables until `leave`; reports come again by `report`. Resolves when the
   * coordinator knows it; the tables come by the follower, also for an instance that hosts nothing. What cannot be
   * reached is tried again and again.
   */
  join(report: HostReport, follower: Follower): Promise<void>;
  /** Types changed. */
  report(types: readonly string[]): Promise<void>;
  /** The actors of this instance turned out to be another one's: they are halted, and it takes part anew after a while. */
  rejoin(reason: string): void;
  /** After the follower has halted its actors: others own them without waiting for a lease. */
  leave(): Promise<void>;
}
