import { ResourceError } from "../../resources/fields.ts";
import { type GatewayTable, type GuestRow, guestPlaces } from "../table-shape.ts";
import type { GatewayPackage } from "./admit-package.ts";

/** What of the gateway guests may ask for, where it is granted. */
export type Offered = Pick<GatewayTable, "apps" | "sites" | "stores" | "pubsubs">;

/** What was granted and is not there, in words; undefined: nothing. */
function missing(guest: GuestRow, { apps, sites, stores, pubsubs }: Offered): string | undefined {
  const has = (rows: readonly { readonly name: string }[], name: string) =>
    rows.some((row) => row.name === name);
  const leads = (app: string) =>
    apps.some(({ id }) => id === app) || sites.some(({ id }) => id === "*" || app.endsWith(`.${id}`));
  const store = guest.stores.find((one) => !has(stores, one.store));
  if (store !== undefined) return `state store ${store.store}`;
  const topic = guest.topics.find((one) => !has(pubsubs, one.pubsub));
  if (topic !== undefined) return `pub/sub ${topic.pubsub}`;
  const app = guest.apps.find((one) => !leads(one.app));
  return app === undefined ? undefined : `app ${app.app}`;
}

/** The packages of a gateway. Throws ResourceError. */
export function guestRows(
  packages: readonly GatewayPackage[],
  offered: Offered,
): Pick<GatewayTable, "guests" | "guestList"> {
  const guests = packages.map(({ row }) => row);
  if (guests.length > guestPlaces.most)
    throw new ResourceError(
      `packages and components that are guests of http-wasm are more than ${guestPlaces.most}: divide them among several gateways`,
    );
  guests.forEach((guest, i) => {
    const { name } = guest;
    const isPackage = (at: number) => packages[at]?.handles === undefined;
    if (isPackage(i) && guests.findIndex((other, at) => other.name === name && isPackage(at)) !== i)
      throw new ResourceError(`there are two packages that are called ${name}`);
    const what = missing(guest, offered);
    if (what !== undefined)
      throw new ResourceError(`package ${name} is granted ${what}, which the gateway does not have`);
    const own = offered.stores.find(
      (store) => store.guests.length > 0 && guest.stores.some((one) => one.store === store.name),
    );
    if (own !== undefined)
      throw new ResourceError(
        `package ${name} is granted state store ${own.name}, which a package is: guests of a gateway do not call one another`,
      );
  });
  const list =
    packages.length === 0
      ? ""
      : JSON.stringify({ capabilities: packages.flatMap(({ shown }) => shown ?? []) });
  return { guests, guestList: list };
}
