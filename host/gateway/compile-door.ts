import { loopbackHosts } from "../security/browser-guard.ts";
import { isLoopback } from "../security/cleartext.ts";
import { callerVariables } from "./caller-variables.ts";
import type { GatewayResource } from "./gateway-resource.ts";
import type { SecretTable } from "./secret-table.ts";
import { compareBytes } from "./table.ts";
import { type GatewayTable, rates } from "./table-shape.ts";

type Door = Pick<
  GatewayTable,
  | "apiToken"
  | "callers"
  | "hosts"
  | "origins"
  | "anyAddress"
  | "anyHost"
  | "anyOrigin"
  | "rate"
  | "burst"
  | "rateBy"
  | "rateHeader"
>;

const names = (texts: Iterable<string>) => Array.from(texts, (text) => ({ text }));
const flag = (value: boolean) => (value ? 1 : 0);

/** Who may come in, as the gateway reads it. */
export function doorRows({ door, listen }: GatewayResource, secrets: SecretTable): Door {
  const { allowedHosts, allowedOrigins } = door;
  const hosts = new Set([...loopbackHosts, ...allowedHosts.filter((host) => host !== "*")]);
  return {
    apiToken: secrets.index(door.apiToken),
    callers: [...door.callers]
      .sort((a, b) => compareBytes(a.digest, b.digest))
      .map((caller) => ({ ...caller, variables: callerVariables(caller.appId) })),
    hosts: names(hosts),
    origins: names(allowedOrigins.filter((origin) => origin !== "*")),
    // As a sidecar does: an address leads a browser to nobody but whom it names.
    anyAddress: flag(!isLoopback(listen.address)),
    anyHost: flag(allowedHosts.includes("*")),
    rate: door.rate?.perSecond ?? 0,
    burst: door.rate?.burst ?? 0,
    rateBy: rates[door.rate?.by ?? "off"],
    rateHeader: door.rate?.header ?? "",
    anyOrigin: flag(allowedOrigins.includes("*")),
  };
}
