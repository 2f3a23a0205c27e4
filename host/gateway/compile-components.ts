import type { ComponentResource } from "../resources/component.ts";
import { ResourceError } from "../resources/fields.ts";
import { inScope } from "../resources/scope.ts";
import { checkCallerVariables } from "./caller-variables.ts";
import { isRemote } from "./compile-remotes.ts";
import { scopeOf, secretStoreRow, secretStoreType } from "./compile-secret-store.ts";
import { keyRule, storeRow } from "./compile-store.ts";
import type { GuestComponents } from "./packages/guest-components.ts";
import type { GatewayResources } from "./read-gateway.ts";
import {
  type GatewayTable,
  none16,
  type SecretRow,
  type SecretStoreRow,
  type StoreRow,
} from "./table-shape.ts";

function denied({ name, type, origin }: ComponentResource): never {
  throw new ResourceError(
    `${origin}: component ${name}: components.deny of the Configuration names ${type}; leave one of both out`,
  );
}

/** A store that a package is. */
function guestStore(component: ComponentResource, namespace: string, guests: GuestComponents): StoreRow {
  const { name } = component;
  const keys = keyRule(component, namespace);
  return { name, folder: "", component: "", remote: none16, ...keys, guests: [guests.row(component)] };
}

/** The components of a gateway, which has read `secrets` itself, and which `guests` are. Throws ResourceError. */
export function componentRows(
  { gateway, resources }: GatewayResources,
  guests: GuestComponents,
  secrets: () => readonly SecretRow[],
): Pick<GatewayTable, "stores" | "secretStores" | "folder"> {
  const { configuration } = resources;
  const { name: appId, namespace, door } = gateway;
  const own = resources.components.filter((each) => inScope(each, appId, namespace));
  const list = configuration.deniedComponents ?? [];
  for (const each of own) {
    if (list.includes(each.type) || list.includes(`${each.type}/${each.version}`)) denied(each);
    const first = own.find(({ name }) => name === each.name) as ComponentResource;
    if (first !== each) {
      throw new ResourceError(
        `${each.origin}: component ${each.name} is defined twice; the other is ${first.origin}`,
      );
    }
  }
  const isSecrets = ({ type }: ComponentResource) => type === secretStoreType;
  const offered = own.filter((each) => guests.has(each));
  const stores = own
    .filter((each) => !isSecrets(each) && !isRemote(each) && !offered.includes(each))
    .map((each) => storeRow(each, namespace));
  const others = offered
    .filter(({ type }) => type.startsWith("state."))
    .map((each) => guestStore(each, namespace, guests));
  const twice = stores.find((row, i) => stores.findIndex(({ folder }) => folder === row.folder) !== i);
  if (twice !== undefined) {
    throw new ResourceError(
      `component ${twice.name}: its folder ${twice.folder} is another component's, too`,
    );
  }
  const variables = secrets().map(({ variable }) => variable);
  const secretStores = [
    ...own.filter(isSecrets).map((each) => secretStoreRow(each, configuration, variables)),
    ...offered
      .filter(({ type }) => type.startsWith("secretstores."))
      .map(
        (each): SecretStoreRow => ({
          name: each.name,
          prefix: "",
          guests: [guests.row(each)],
          ...scopeOf(each.name, configuration.secretScopes),
        }),
      ),
  ];
  const scope = configuration.secretScopes?.find(
    ({ storeName }) => !secretStores.some(({ name }) => name === storeName),
  );
  if (scope !== undefined) {
    throw new ResourceError(
      `${gateway.origin}: secrets.scopes of the Configuration names the store ${scope.storeName}, which the gateway does not have`,
    );
  }
  if (secretStores.length > 0)
    checkCallerVariables(
      door.callers.map((each) => each.appId),
      gateway.origin,
    );
  const { from } = gateway.actors ?? {};
  const needsFolder = stores.length > 0 || (from !== undefined && "file" in from);
  return { stores: [...stores, ...others], secretStores, folder: needsFolder ? gateway.folder : "" };
}
