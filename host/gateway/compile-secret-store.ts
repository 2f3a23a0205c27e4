import type { ComponentResource } from "../resources/component.ts";
import type { Configuration } from "../resources/configuration.ts";
import { ResourceError } from "../resources/fields.ts";
import type { SecretStoreRow } from "./table-shape.ts";

export const secretStoreType = "secretstores.local.env";

/** Names of variables that no store hands out, and what they begin with. */
const withheld = ["DAPR_", "DAPRLET_", "APP_API_TOKEN"];

const names = (texts: readonly string[]) => texts.map((text) => ({ text }));

/**
 * Variables of the environment as a gateway hands them out: its callers are not its app, so a prefix says which are meant
 * for them. Throws ResourceError.
 */
export function secretStoreRow(
  { name, origin, version, metadata, secretKeyRefs }: ComponentResource,
  { secretScopes = [] }: Configuration,
  variables: readonly string[],
): SecretStoreRow {
  const refuse = (cause: string): never => {
    throw new ResourceError(`${origin}: component ${name} ${cause}`);
  };
  if (version !== "v1") refuse(`is of version ${version}; ${secretStoreType} has v1`);
  const given = new Map(Array.from(metadata, ([field, value]) => [field.toLowerCase(), value]));
  const unknown = [...given.keys()].find((field) => field !== "prefix") ?? secretKeyRefs[0]?.field;
  if (unknown !== undefined) refuse(`has the metadata ${unknown}; ${secretStoreType} takes prefix`);
  const prefix = given.get("prefix") ?? "";
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(prefix)) {
    refuse("needs the metadata prefix, with which the variables begin that callers of a gateway may read");
  }
  const upper = prefix.toUpperCase();
  if (withheld.some((word) => word.startsWith(upper) || upper.startsWith(word))) {
    refuse(`has the prefix ${prefix}, with which settings and tokens of sidecars begin: choose another`);
  }
  const own = variables.find((variable) => variable.startsWith(prefix));
  if (own !== undefined)
    refuse(`has the prefix ${prefix}, and would hand out ${own}, which is the gateway's own secret`);
  return { name, prefix, guests: [], ...scopeOf(name, secretScopes) };
}

/** Which of a store's secrets the Configuration lets callers read. */
export function scopeOf(
  name: string,
  scopes: Configuration["secretScopes"] = [],
): Pick<SecretStoreRow, "allowedNames" | "deniedNames" | "open"> {
  const scope = scopes.findLast(({ storeName }) => storeName === name);
  return {
    allowedNames: names(scope?.allowedSecrets ?? []),
    deniedNames: names(scope?.deniedSecrets ?? []),
    open: scope?.defaultAccess === "deny" ? 0 : 1,
  };
}
