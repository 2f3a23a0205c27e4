import { ResourceError } from "../../resources/fields.ts";
import type { GatewayTable } from "../table-shape.ts";
import type { GatewayPackage } from "./admit-package.ts";

/** The packages of a gateway. Throws ResourceError. */
export function guestRows(packages: readonly GatewayPackage[]): Pick<GatewayTable, "guests" | "guestList"> {
  const guests = packages.map(({ row }) => row);
  const twice = guests.find(({ name }, i) => guests.findIndex((other) => other.name === name) !== i);
  if (twice !== undefined) throw new ResourceError(`there are two packages that are called ${twice.name}`);
  const list =
    packages.length === 0 ? "" : JSON.stringify({ capabilities: packages.map(({ shown }) => shown) });
  return { guests, guestList: list };
}
