import { ComponentError } from "../../errors/component-error.ts";
import type { ComponentResource } from "../../resources/component.ts";
import type { SecretStore } from "./secret-store.ts";

export type OpenedSecretStores = ReadonlyMap<string, { readonly component: SecretStore }>;

type Referring = Pick<ComponentResource, "name" | "origin" | "secretKeyRefs" | "secretStore">;

/**
 * The values of the fields that refer to secrets, by field. They come from the store that the resource's
 * `auth.secretStore` names, or from the only one that is open. Throws a ComponentError that names resource and field;
 * `what` calls them.
 */
export async function secretValues(
  { name, origin, secretKeyRefs, secretStore }: Referring,
  stores: OpenedSecretStores,
  what = { kind: "component", field: "metadata field " },
): Promise<ReadonlyMap<string, string>> {
  const values = new Map<string, string>();
  const none: ReadonlyMap<string, string> = new Map();
  for (const { field, name: secret, key } of secretKeyRefs) {
    const refuse = (code: "FAILED_PRECONDITION" | "NOT_FOUND", cause: string) =>
      new ComponentError(code, `${what.kind} ${name} (${origin}): ${what.field}${field}: ${cause}`);
    const [only, another] = stores.keys();
    const chosen = secretStore ?? (another === undefined ? only : undefined);
    if (chosen === undefined) {
      const several = [...stores.keys()].join(", ");
      const remedy =
        several === "" ? "no secret store is loaded" : `name one of ${several} in auth.secretStore`;
      throw refuse("FAILED_PRECONDITION", `it refers to a secret; ${remedy}`);
    }
    const store = stores.get(chosen)?.component;
    if (store === undefined) {
      throw refuse("FAILED_PRECONDITION", `it refers to secret store ${chosen}, which is not loaded`);
    }
    let found: ReadonlyMap<string, string>;
    try {
      found = await store.get(secret, none);
    } catch (error) {
      const { message } = ComponentError.from(error);
      throw refuse("NOT_FOUND", `secret ${secret} of secret store ${chosen} cannot be read: ${message}`);
    }
    const value = found.get(key);
    if (value === undefined) throw refuse("NOT_FOUND", `secret ${secret} of ${chosen} has no key ${key}`);
    values.set(field, value);
  }
  return values;
}
