import type { BindingDefinition } from "./bindings/binding.ts";
import type { Family } from "./component.ts";
import type { ConfigurationDefinition } from "./configuration/configuration-store.ts";
import type { ExporterDefinition } from "./exporters/span-exporter.ts";
import type { LockDefinition } from "./lock/lock-store.ts";
import type { MiddlewareDefinition } from "./middleware/middleware.ts";
import type { NameResolverDefinition } from "./nameresolution/name-resolver.ts";
import type { PubSubDefinition } from "./pubsub/pubsub.ts";
import type { SecretStoreDefinition } from "./secretstores/secret-store.ts";
import type { StoreDefinition } from "./state/store.ts";

/** What a component of each family is defined as. */
export interface Definitions extends Record<Family, unknown> {
  readonly secretstores: SecretStoreDefinition;
  readonly state: StoreDefinition;
  readonly pubsub: PubSubDefinition;
  readonly bindings: BindingDefinition;
  readonly configuration: ConfigurationDefinition;
  readonly lock: LockDefinition;
  readonly middleware: MiddlewareDefinition;
  readonly exporters: ExporterDefinition;
  readonly nameresolution: NameResolverDefinition;
}

/** The components a host has: static arrays, handed to the runtime by a composition root. A family left out has none. */
export type Registry = { readonly [F in Family]?: readonly Definitions[F][] };
