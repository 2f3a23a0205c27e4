/** A metadata field whose value is in a secret store. */
export interface SecretKeyRef {
  readonly field: string;
  readonly name: string;
  /** Of the secret's keys; the secret's own name where the resource gives none. */
  readonly key: string;
}

/** A Component resource (dapr-http-api §4.1) after validation, before secrets and decoding. */
export interface ComponentResource {
  readonly name: string;
  readonly namespace: string | undefined;
  readonly type: string;
  /** `v1` when the resource leaves it out, as daprd assumes. */
  readonly version: string;
  /** Values are strings, templates not yet filled in. */
  readonly metadata: ReadonlyMap<string, string>;
  readonly secretKeyRefs: readonly SecretKeyRef[];
  /** `auth.secretStore`: the component that resolves them. */
  readonly secretStore: string | undefined;
  /** App ids that may use it; empty means all. */
  readonly scopes: readonly string[];
  readonly initTimeoutMs: number;
  readonly ignoreErrors: boolean;
  /** Where it was read, for messages: a file and document number, or `register()`. */
  readonly origin: string;
}

/** What a resource says that leaves it out, as in daprd. */
export const componentDefaults = {
  namespace: undefined,
  version: "v1",
  secretKeyRefs: [],
  secretStore: undefined,
  scopes: [],
  initTimeoutMs: 5_000,
  ignoreErrors: false,
} as const satisfies Partial<ComponentResource>;
