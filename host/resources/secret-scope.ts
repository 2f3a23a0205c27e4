import type { Action } from "./access-control.ts";

/** One entry of `spec.secrets.scopes` of a Configuration (dapr-http-api §4.4). */
export interface SecretScope {
  readonly storeName: string;
  readonly defaultAccess: Action;
  /** Not empty: these and no others. */
  readonly allowedSecrets: readonly string[];
  readonly deniedSecrets: readonly string[];
}

/** Whether an app may read a secret. Of several entries for one store, the last is valid: a later file's. */
export function mayRead(
  scopes: readonly SecretScope[] | undefined,
  storeName: string,
  secret: string,
): boolean {
  const scope = scopes?.findLast((entry) => entry.storeName === storeName);
  if (scope === undefined) return true;
  const { allowedSecrets, deniedSecrets, defaultAccess } = scope;
  if (allowedSecrets.length > 0) return allowedSecrets.includes(secret);
  return !deniedSecrets.includes(secret) && defaultAccess === "allow";
}
