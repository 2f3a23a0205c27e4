import type { Follower, PlacementTables } from "../../host/actors/placement/membership.ts";

/** Follows at once, and tells who hosts what by the table in force. */
export class RecordingFollower implements Follower {
  losses = 0;
  term = 0;
  #next: PlacementTables | undefined;
  #now: PlacementTables | undefined;

  async lock(): Promise<void> {}

  async update(tables: PlacementTables): Promise<void> {
    this.#next = tables;
  }

  async unlock(): Promise<void> {
    this.#now = this.#next;
    this.term = this.#now?.term ?? 0;
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
