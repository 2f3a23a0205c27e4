import type { Component, Definition } from "../component.ts";
import type { MetadataSchema } from "../metadata-schema.ts";

export interface ConfigurationItem {
  readonly value: string;
  /** Empty where the store has none. */
  readonly version: string;
  readonly metadata: ReadonlyMap<string, string>;
}

export type ConfigurationItems = ReadonlyMap<string, ConfigurationItem>;

/** One key's new value; null: it is deleted. */
export interface ConfigurationChange {
  readonly key: string;
  readonly value: string | null;
  /** Undefined: the store's own. */
  readonly version: string | undefined;
  readonly metadata: ReadonlyMap<string, string>;
}

export interface ConfigurationSubscription {
  /** No update is told after it resolves. */
  close(): Promise<void>;
  /** Closes it for good: a store that remembers how far its subscriptions have come forgets this one. */
  end?(): Promise<void>;
}

/**
 * Settings by name (dapr-http-api §1.7). No keys mean all of them; one that does not exist is left out. An update
 * holds the items that changed, a deleted one with an empty value. Updates of one subscription are told one after the
 * other; one whose handler rejects is logged by the runtime and not told again, as in Dapr.
 */
export interface ConfigurationStore extends Component {
  get(keys: readonly string[], metadata: ReadonlyMap<string, string>): Promise<ConfigurationItems>;
  /** A store that remembers its subscriptions by `id` goes on where the last of that name was closed or killed. */
  subscribe(
    keys: readonly string[],
    metadata: ReadonlyMap<string, string>,
    changed: (items: ConfigurationItems) => Promise<void>,
    id: string,
  ): Promise<ConfigurationSubscription>;
  /** Left out where settings are changed elsewhere. All changes or none; subscribers are told of them together. */
  set?(changes: readonly ConfigurationChange[]): Promise<void>;
}

/** Those of the keys, or all of them where none are named. */
export function selected(items: ConfigurationItems, keys: readonly string[]): ConfigurationItems {
  if (keys.length === 0) return new Map(items);
  return new Map(
    keys.flatMap((key) => {
      const item = items.get(key);
      return item === undefined ? [] : [[key, item]];
    }),
  );
}

export interface ConfigurationDefinition<M extends MetadataSchema = MetadataSchema>
  extends Definition<ConfigurationStore, M> {
  readonly type: `configuration.${string}`;
  readonly features: readonly [];
}

export function defineConfigurationStore<const M extends MetadataSchema>(
  definition: ConfigurationDefinition<M>,
): ConfigurationDefinition {
  return definition as unknown as ConfigurationDefinition;
}
