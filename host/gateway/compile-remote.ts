import { remoteAddress } from "../components/dapr/remote-metadata.ts";
import { ComponentError } from "../errors/component-error.ts";
import type { ComponentResource } from "../resources/component.ts";
import { ResourceError } from "../resources/fields.ts";
import type { TargetSetting } from "./gateway-resource.ts";
import { markedVariable } from "./secret-table.ts";

/** A component that a sidecar has, which is reached like an app. */
export interface RemoteComponent {
  readonly name: string;
  /** Its name there. */
  readonly component: string;
  readonly at: TargetSetting;
}

/** One of the gateway's apps, all of whose places are sidecars. */
function sidecarsOf(id: string, targets: readonly TargetSetting[], refuse: (cause: string) => never) {
  const found = targets.find((target) => target.id === id);
  if (found === undefined) return refuse(`names the app ${id}, which is not among the gateway's`);
  if (found.upstreams.some(({ protocol }) => protocol !== "sidecar")) {
    return refuse(`names the app ${id}, which is reached without the sidecar that would have the component`);
  }
  return found;
}

/**
 * A component of another sidecar as the runtime has them, but that it may also be at one of the gateway's apps, which are
 * `targets`; `more` is metadata of its own. Throws ResourceError.
 */
export function remoteComponent(
  { name, type, origin, metadata, secretKeyRefs, version }: ComponentResource,
  targets: readonly TargetSetting[],
  more: readonly string[] = [],
): RemoteComponent {
  const refuse = (cause: string): never => {
    throw new ResourceError(`${origin}: component ${name} ${cause}`);
  };
  if (version !== "v1") refuse(`is of version ${version}; ${type} has v1`);
  const given = new Map(Array.from(metadata, ([field, value]) => [field.toLowerCase(), value]));
  const known = ["url", "app", "token", "component", ...more].map((field) => field.toLowerCase());
  const unknown = [...given.keys()].find((field) => !known.includes(field));
  if (unknown !== undefined) {
    const takes = ["url or app", "token", ...more].join(", ");
    refuse(`has the metadata ${unknown}; ${type} of a gateway takes ${takes} and component`);
  }
  const [ref] = secretKeyRefs;
  if (ref !== undefined) refuse(`has ${ref.field} in a secret store, which a gateway cannot ask; use envRef`);
  const [url, app] = [given.get("url"), given.get("app")];
  const named = given.get("component") ?? name;
  if (url === undefined) {
    if (app === undefined)
      refuse("needs url, the address of the sidecar that has it, or app, one of the gateway's");
    return { name, component: named, at: sidecarsOf(app as string, targets, refuse) };
  }
  if (app !== undefined) refuse("has url and app: one of both says where its sidecar is");
  const token = given.get("token");
  const secret = token === undefined ? undefined : markedVariable(token);
  if (token !== undefined && secret === undefined) {
    refuse("has a token in it, which the file would have, too: give it by envRef");
  }
  let address: string;
  try {
    address = remoteAddress(name, url);
  } catch (error) {
    if (!(error instanceof ComponentError)) throw error;
    throw new ResourceError(`${origin}: ${error.message}`);
  }
  const upstream = {
    url: address,
    protocol: "sidecar",
    transport: address.startsWith("https:") ? "outgoing" : "sockets",
    token: secret,
    headers: [],
    weight: 1,
    priority: 0,
    region: "",
  } as const;
  return { name, component: named, at: { id: name, upstreams: [upstream], at: origin } };
}
