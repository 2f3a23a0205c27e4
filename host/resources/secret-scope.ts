/** One entry of `spec.secrets.scopes` of a Configuration (dapr-http-api §4.4). */
export interface SecretScope {
  readonly storeName: string;
  readonly defaultAccess: "allow" | "deny";
  /** Not empty: these and no others. */
  readonly allowedSecrets: readonly string[];
  readonly deniedSecrets: readonly string[];
}
