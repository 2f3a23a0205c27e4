import type { Follower, PlacementTables } from "../../host/actors/placement/membership.ts";

/** Follows at once, and tells who hosts what by the table in force; of a type that changes, nobody. */
export class RecordingFollower implements Follower {
  losses = 0;
  term = 0;
  version = 0;
  #next: PlacementTables | undefined;
  #now: PlacementTables | undefined;

  async lock(): Promise<void> {}

  async update(tables: PlacementTables): Promise<void> {
    const same = (type: string) =>
      JSON.stringify(this.#now?.types.get(type)) === JSON.stringify(tables.types.get(type));
    this.#next = tables;
    if (this.#now === undefined) return;
    this.#now = { ...this.#now, types: new Map([...this.#now.types].filter(([type]) => same(type))) };
  }

  async unlock(): Promise<void> {
    this.#now = this.#next;
    this.term = this.#now?.term ?? 0;
    this.version = this.#now?.version ?? 0;
  }

  async lost(): Promise<void> {
    this.losses++;
    this.#now = undefined;
  }

  hosts(type: string): readonly string[] {
    return [...(this.#now?.types.get(type) ?? [])].map(({ name }) => name).sort();
  }

  appsOf(type: string): readonly string[] {
    return [...(this.#now?.types.get(type) ?? [])].map(({ appId }) => appId).sort();
  }
}
