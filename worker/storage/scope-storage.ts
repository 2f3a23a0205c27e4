import type { PageDevices } from "../components/page-devices.ts";
import type { Incarnation } from "./incarnation.ts";

/** What the components of one scope share. */
export interface ScopeStorage {
  /** Of `databasePrefix(scope)`. */
  readonly databasePrefix: string;
  /** The service worker's present life; undefined in page mode. */
  readonly incarnation: Incarnation | undefined;
  /** The way to the user; left out where there is none. */
  readonly devices?: PageDevices | undefined;
}
