import type { SecretKeyRef } from "./component.ts";

/** A HTTPEndpoint resource (dapr-http-api §4.6) after validation, before secrets. */
export interface HttpEndpointResource {
  readonly name: string;
  readonly namespace: string | undefined;
  /** `http(s)://host`, perhaps with a path. */
  readonly baseUrl: string;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  /** Undefined: as the platform does it. */
  readonly clientTls: ClientTlsResource | undefined;
  /** Their fields are `headers.<name>` and `clientTLS.<name>`. */
  readonly secretKeyRefs: readonly SecretKeyRef[];
  readonly secretStore: string | undefined;
  /** App ids that may use it; empty means all. */
  readonly scopes: readonly string[];
  readonly origin: string;
}

export interface ClientTlsResource {
  /** PEM texts by `rootCA`, `certificate` and `privateKey`, without those in secret stores. */
  readonly values: ReadonlyMap<string, string>;
  readonly renegotiation: boolean;
}
