import type { Component, Definition } from "../component.ts";
import type { MetadataSchema } from "../metadata-schema.ts";

/** A secret: its values by key. A store of single values answers the secret's own name as the key. */
export type Secret = ReadonlyMap<string, string>;

/**
 * Where secrets are kept (dapr-http-api §1.5). What it throws is a ComponentError that names the secret at most, and
 * never a value.
 */
export interface SecretStore extends Component {
  /** Throws NOT_FOUND for a secret that does not exist. */
  get(name: string, metadata: ReadonlyMap<string, string>): Promise<Secret>;
  /** All secrets by name. Throws PERMISSION_DENIED where the store does not let itself be read in bulk. */
  bulkGet(metadata: ReadonlyMap<string, string>): Promise<ReadonlyMap<string, Secret>>;
}

/** MULTIPLE_KEY_VALUES_PER_SECRET: a secret may hold several keys. */
export type SecretStoreFeature = "MULTIPLE_KEY_VALUES_PER_SECRET";

export interface SecretStoreDefinition<M extends MetadataSchema = MetadataSchema>
  extends Definition<SecretStore, M> {
  readonly type: `secretstores.${string}`;
  readonly features: readonly SecretStoreFeature[];
}

export function defineSecretStore<const M extends MetadataSchema>(
  definition: SecretStoreDefinition<M>,
): SecretStoreDefinition {
  return definition as unknown as SecretStoreDefinition;
}
