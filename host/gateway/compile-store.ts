import { KEY_SEPARATOR, keyPrefix } from "../components/state/key-prefix.ts";
import { ComponentError } from "../errors/component-error.ts";
import type { ComponentResource } from "../resources/component.ts";
import { ResourceError } from "../resources/fields.ts";
import { none16, type StoreRow } from "./table-shape.ts";

/** The state store in a gateway's folder. */
export const localStore = "state.wasi";

const known: ReadonlySet<string> = new Set(["folder", "keyprefix"]);
const folderName = /^[\w][\w.-]{0,99}$/;

/** In place of the caller's app id, which is known with each call. */
const anyApp = "\u0000";

/** What stands before the keys of a store. Throws ResourceError. */
export function keyRule(
  { name, origin, metadata }: ComponentResource,
  namespace: string,
): Pick<StoreRow, "prefix" | "isApps"> {
  try {
    const [prefix = "", own] = keyPrefix(name, metadata, anyApp, namespace).split(anyApp);
    return { prefix, isApps: own === KEY_SEPARATOR ? 1 : 0 };
  } catch (error) {
    if (!(error instanceof ComponentError)) throw error;
    throw new ResourceError(`${origin}: ${error.message}`);
  }
}

/** A store as the gateway has it. Throws ResourceError for every other component. */
export function storeRow(component: ComponentResource, namespace: string): StoreRow {
  const { name, origin, metadata, secretKeyRefs } = component;
  const refuse = (cause: string): never => {
    throw new ResourceError(`${origin}: component ${name} ${cause}`);
  };
  if (component.type !== localStore)
    refuse(
      `is ${component.type}, which a gateway does not have: it has ${localStore}, state.dapr, pubsub.dapr and secretstores.local.env, and what its packages offer`,
    );
  if (component.version !== "v1") refuse(`is of version ${component.version}; ${localStore} has v1`);
  const given = new Map(Array.from(metadata, ([field, value]) => [field.toLowerCase(), value]));
  const unknown = [...given.keys()].find((field) => !known.has(field)) ?? secretKeyRefs[0]?.field;
  if (unknown !== undefined) refuse(`has the metadata ${unknown}; ${localStore} takes folder and keyPrefix`);
  const folder = given.get("folder") ?? name;
  if (!folderName.test(folder))
    refuse("needs a folder of letters, digits, dots, - and _, below the gateway's");
  return { name, folder, component: "", remote: none16, ...keyRule(component, namespace), guests: [] };
}
