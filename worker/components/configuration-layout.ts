import type { DBSchema } from "idb";
import type { Layout } from "../storage/database.ts";

/** One setting, under its key, or for a while what is left of one that was deleted. */
export interface StoredSetting {
  readonly key: string;
  readonly value: string;
  readonly version: string;
  readonly metadata: readonly (readonly [name: string, value: string])[];
  /** Its change's place among all changes of the store, from 1 on. */
  readonly change: number;
  /** Only of one that was deleted, as times are here: milliseconds since the epoch. */
  readonly expiresAt?: number;
}

/** How far one subscription has been told. */
export interface StoredSubscription {
  readonly change: number;
  /** Pushed on whenever it is opened: the subscription of an app that never came back is forgotten. */
  readonly expiresAt: number;
}

export interface ConfigurationSchema extends DBSchema {
  settings: { key: string; value: StoredSetting; indexes: { change: number; expiresAt: number } };
  subscriptions: { key: string; value: StoredSubscription; indexes: { expiresAt: number } };
  /** Under `change`: the place of the last change. */
  counters: { key: string; value: { readonly last: number } };
}

export const configurationStores = ["settings", "subscriptions", "counters"] as const;

/** Posted on the channel of the database's name by who replaced all settings; another message tells of changes. */
export const IMPORTED = "imported";

export const configurationLayout: Layout<ConfigurationSchema> = {
  version: 1,
  upgrade(database) {
    const settings = database.createObjectStore("settings");
    settings.createIndex("change", "change");
    settings.createIndex("expiresAt", "expiresAt");
    database.createObjectStore("subscriptions").createIndex("expiresAt", "expiresAt");
    database.createObjectStore("counters");
  },
};
