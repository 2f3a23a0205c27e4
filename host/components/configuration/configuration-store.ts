import type { Component, Definition } from "../component.ts";
import type { MetadataSchema } from "../metadata-schema.ts";

export interface ConfigurationItem {
  readonly value: string;
  /** Empty where the store has none. */
  readonly version: string;
  readonly metadata: ReadonlyMap<string, string>;
}

export type ConfigurationItems = ReadonlyMap<string, ConfigurationItem>;

export interface ConfigurationSubscription {
  /** No update is told after it resolves. */
  close(): Promise<void>;
}

/**
 * Settings by name (dapr-http-api §1.7). No keys mean all of them; one that does not exist is left out. An update
 * holds the items that changed, a deleted one with an empty value. Updates of one subscription are told one after the
 * other; one whose handler rejects is logged by the runtime and not told again, as in Dapr.
 */
export interface ConfigurationStore extends Component {
  get(keys: readonly string[], metadata: ReadonlyMap<string, string>): Promise<ConfigurationItems>;
  subscribe(
    keys: readonly string[],
    metadata: ReadonlyMap<string, string>,
    changed: (items: ConfigurationItems) => Promise<void>,
  ): Promise<ConfigurationSubscription>;
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
