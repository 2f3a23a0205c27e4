import { ResourceError } from "../resources/fields.ts";
import { inScope } from "../resources/scope.ts";
import type { Policies } from "./compile-policies.ts";
import { type RemoteComponent, remoteComponent } from "./compile-remote.ts";
import { spoolFields, spoolOf } from "./compile-spool.ts";
import { keyRule } from "./compile-store.ts";
import type { TargetSetting } from "./gateway-resource.ts";
import type { GatewayResources } from "./read-gateway.ts";
import type { AppRow, GatewayTable } from "./table-shape.ts";

export const remotePubSub = "pubsub.dapr";
export const remoteStore = "state.dapr";

/** Whether a component is another sidecar's. */
export const isRemote = ({ type }: { readonly type: string }) =>
  type === remotePubSub || type === remoteStore;

/**
 * The components that other sidecars have; `targets` are the gateway's apps, `row` makes one's. A place is one row for each
 * policy that holds there. Throws ResourceError.
 */
export function remoteRows(
  { gateway: { name: appId, namespace }, resources }: GatewayResources,
  targets: readonly TargetSetting[],
  policies: Policies,
  row: (target: TargetSetting) => AppRow,
): Pick<GatewayTable, "remotes" | "pubsubs" | "stores"> {
  const own = resources.components.filter((each) => inScope(each, appId, namespace));
  const local = own.find((each) => !isRemote(each) && policies.namesComponent(each.name));
  if (local !== undefined) {
    throw new ResourceError(
      `targets.components of a Resiliency names ${local.name}, which is no component of another sidecar: leave it out`,
    );
  }
  const places: { readonly at: TargetSetting; readonly row: AppRow }[] = [];
  const placeOf = ({ name, at }: RemoteComponent, family: "state" | "pubsub") => {
    const isApps = targets.includes(at) && !policies.namesComponent(name);
    const made = isApps ? row(at) : { ...row(at), policy: policies.ofComponent(name, family) };
    const found = places.findIndex((place) => place.at === at && place.row.policy === made.policy);
    return found < 0 ? places.push({ at, row: made }) - 1 : found;
  };
  const pubsubs = own
    .filter(({ type }) => type === remotePubSub)
    .map((each) => {
      const remote = remoteComponent(each, targets, spoolFields);
      const { name, component } = remote;
      return { name, component, remote: placeOf(remote, "pubsub"), ...spoolOf(each) };
    });
  const stores = own
    .filter(({ type }) => type === remoteStore)
    .map((each) => {
      const remote = remoteComponent(each, targets, ["keyPrefix"]);
      return {
        name: remote.name,
        folder: "",
        component: remote.component,
        ...keyRule(each, namespace),
        remote: placeOf(remote, "state"),
        guests: [],
      };
    });
  return { pubsubs, stores, remotes: places.map((place) => place.row) };
}
