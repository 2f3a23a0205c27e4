import type { Durability } from "../../component.ts";

/**
 * What a host supplies for a store of files: a folder of the store's own, whose files are written once and never
 * changed. Failures are ComponentErrors.
 */
export interface Folder {
  readonly durability: Durability;
  /** Undefined: there is no such file. */
  read(name: string): Promise<Uint8Array | undefined>;
  has(name: string): Promise<boolean>;
  /**
   * Makes a file of at least one byte, whole or not at all, and as durable as the host can make it before this
   * resolves. False: there is one of that name, which stays. Of several who make it at once, in whatever processes, one
   * is told true. After a rejection it may be there or not.
   */
  create(name: string, contents: Uint8Array): Promise<boolean>;
  /** Names of files, and of such as were not finished, which are not there for the other methods. */
  list(): Promise<readonly string[]>;
  /** Also where it is not there. */
  remove(name: string): Promise<void>;
  close(): Promise<void>;
}
