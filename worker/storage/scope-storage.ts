import type { Incarnation } from "./incarnation.ts";

/** What the components of one scope share. */
export interface ScopeStorage {
  /** Of `databasePrefix(scope)`. */
  readonly databasePrefix: string;
  /** The service worker's present life; undefined in page mode. */
  readonly incarnation: Incarnation | undefined;
}
