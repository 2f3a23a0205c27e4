/** An entry of `spec.api` of a Configuration (dapr-http-api §4.4); those for gRPC are left out. */
export interface ApiRule {
  readonly name: string;
  readonly version: string;
}

/** Which parts of the API may be called: nothing that is denied, and where some are allowed, only these. */
export interface ApiRules {
  readonly allowed?: readonly ApiRule[];
  readonly denied?: readonly ApiRule[];
}
