import type { Component, Definition } from "../component.ts";
import type { MetadataSchema } from "../metadata-schema.ts";

/** Where a sidecar can be called. */
export interface SidecarAddress {
  /** `http(s)://host:port` of its Dapr API. */
  readonly url: string;
  /** Its `DAPR_API_TOKEN`. */
  readonly apiToken?: string | undefined;
  /** True: calls go there without TLS, too, beyond this machine. Else the host's own switch decides. */
  readonly insecure?: boolean;
}

/** Finds the sidecars of other apps, in place of Dapr's mDNS. */
export interface NameResolver extends Component {
  /** Undefined for an app that it does not know: it is looked for as if there were no resolver. */
  resolve(appId: string, namespace: string): Promise<SidecarAddress | undefined>;
}

export interface NameResolverDefinition<M extends MetadataSchema = MetadataSchema>
  extends Definition<NameResolver, M> {
  readonly type: `nameresolution.${string}`;
}

export function defineNameResolver<const M extends MetadataSchema>(
  definition: NameResolverDefinition<M>,
): NameResolverDefinition {
  return definition as unknown as NameResolverDefinition;
}
