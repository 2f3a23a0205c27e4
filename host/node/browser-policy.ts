import { type BrowserPolicy, loopbackHosts, parseOrigins } from "../security/browser-guard.ts";
import type { SidecarOptions } from "./sidecar-options.ts";

/** Where a door listens that nobody says anything of. */
export const loopbackAddresses: readonly string[] = ["127.0.0.1", "::1"];

/** Which names and which pages a door that listens on these addresses is called by. */
export function browserPolicy(
  options: Pick<SidecarOptions, "allowedHosts" | "allowedOrigins">,
  addresses: readonly string[],
): BrowserPolicy {
  const own = new Set(["127.0.0.1", "::1", "localhost"]);
  const hosts = [...loopbackHosts, ...addresses, ...(options.allowedHosts ?? [])].map((host) =>
    host.toLowerCase(),
  );
  return {
    hosts: new Set(hosts),
    anyAddress: addresses.some((address) => !own.has(address)),
    origins: parseOrigins(options.allowedOrigins ?? ""),
  };
}
