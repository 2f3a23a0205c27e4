/** A Component resource (dapr-http-api §4.1) after validation, before secrets and decoding. */
export interface ComponentResource {
  readonly name: string;
  readonly namespace: string | undefined;
  readonly type: string;
  /** `v1` when the resource leaves it out, as daprd assumes. */
  readonly version: string;
  /** Values are strings, templates not yet filled in. */
  readonly metadata: ReadonlyMap<string, string>;
  /** Names of metadata fields that refer to a secret: refused with a clear error until secret stores exist. */
  readonly secretKeyRefs: readonly string[];
  /** App ids that may use it; empty means all. */
  readonly scopes: readonly string[];
  readonly initTimeoutMs: number;
  readonly ignoreErrors: boolean;
  /** Where it was read, for messages: a file and document number, or `register()`. */
  readonly origin: string;
}
